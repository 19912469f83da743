# The note beside the call.
note-heading = Note
note-hint = Saved sealed while you type. The patient does not see it.
note-closed = The note opens once you have recorded who the patient is.
note-email = Email
note-password = Password
note-again-heading = You were signed out
note-again-why = Your text is still here. Sign in to save it. The call goes on.
note-again-button = Sign in and save
note-conflict-heading = There are two versions
note-conflict-why = The note was changed somewhere else in the meantime. Yours is in the field above.
note-conflict-theirs = The saved version
note-keep-mine = Keep mine
note-keep-theirs = Keep the saved one
note-saving = Saving

note-js-closed = Closed
note-js-loading = Opening
note-js-saved = Saved
note-js-signed-out = Not saved yet
note-js-conflict = Not saved yet
note-js-signed-out-problem = You were signed out. Your text is kept here until it is saved.
note-js-not-saved = Not saved yet: the server did not take it. We keep trying, and your text is kept in this tab.
note-js-not-loaded = The note could not be opened yet. We keep trying.
note-js-offline = The server could not be reached. Try again.
note-js-wrong-password = Email or password is not right.
note-js-too-many = Too many tries. Wait a minute.

# The note on a page of its own.
note-back = Back to today
note-no-script = You can read the note here. To write, this page needs scripts, which your browser has turned off.
note-again-why-alone = Your text is still here. Sign in to save it.
