# What the rules found in the access log for the compliance officer to look at, and the review of accounts.
review-title = To review
review-lead = Rules look through the log all the time. What they find is worth a look and no more: there is often a good reason. Write what you found; it stands with your name and the time, and cannot be changed.
review-open = { $count ->
    [0] Nothing waits
    [one] One thing waits
   *[other] { $count } things wait
}
review-overdue = { $count ->
    [one] One of them is overdue.
   *[other] { $count } of them are overdue.
}
review-is-overdue = overdue
review-nothing = Nothing is waiting for you. What comes is also mailed to the address for compliance.
review-age = { $days ->
    [0] today
    [one] one day ago
   *[other] { $days } days ago
}
review-nobody = No account
review-log = Show in the log
review-comment = What you found
review-done = Reviewed
review-reviewed = Reviewed
review-by = Reviewed by { $who }, { $at }
review-comment-wrong = Write what you found, in at most 2,000 characters. Nothing was recorded yet.
review-stale = Somebody reviewed this before you. Their words stand below.
review-bell = { $count ->
    [one] One thing waits to be reviewed.
   *[other] { $count } things wait to be reviewed.
}
review-bell-link = Review

review-rule-many-records = { $count ->
    [one] Opened one record within an hour
   *[other] Opened the records of { $count } patients within an hour
}
review-rule-no-appointment = { $count ->
   *[other] Opened the record of a patient who has no appointment with them
}
review-rule-watched-record = { $count ->
   *[other] Opened a record that is watched, or of a patient with their family name
}
review-rule-emergency = { $count ->
   *[other] Opened the record of a patient who is not theirs, in an emergency
}
review-why = Their reason
review-still-open = This record is still open to them. Review it once that is over: it ends by itself.
review-rule-export-at-night = { $count ->
   *[other] Exported the access log or a patient’s record outside office hours
}
review-rule-failed-sign-ins = { $count ->
   *[other] { $count } failed sign-ins within an hour
}
review-rule-wrong-links = { $count ->
   *[other] { $count } wrong tries at visit links within an hour
}
review-rule-activity = { $count ->
   *[other] Looked through the access log
}
review-rule-other = { $count ->
   *[other] Something that this version of the program has no rule for
}

review-everybody = Everybody’s events
review-look-heading = Looking through the log
review-look-lead = Look through it every { $days } days, whether or not a rule found anything, and record there that you did.
review-look-open = Open the access log
review-look-last = Somebody last looked through the log on { $at }: { $who }.
review-look-never = Nobody has recorded yet that they looked through the log.
review-look-overdue = Nobody has looked through the log for too long. Choose a time in the access log, look through it, and record below its events that you did.
review-look-period = From { $from } until { $until }
review-look-title = Record that you looked through these events
review-look-hint = Of the time, the person or the patient that you chose above. It stands under To review with your name and the time, and cannot be changed.
review-look-done = Record it

review-mail-subject = There is something to review
review-mail-what = A rule found something in the access log of { $clinic } that somebody should look at. Sign in to see what it is:
review-mail-why = This mail says nothing more on purpose. What is found within the next minutes comes in no mail of its own.

access-review-title = Accounts and roles
access-review-lead = Who may sign in, and as what. Look at all of it every { $days } days: does each person still work here, in this role?
access-review-overdue = A review is overdue since { $since }.
access-review-changed = The accounts changed while you looked. Look at them again; nothing was recorded.
access-review-caption = { $count ->
    [one] One account
   *[other] { $count } accounts
}
access-review-name = Name
access-review-state = State
access-review-since = Since
access-review-signed-in = Last sign-in
access-review-open = Open
access-review-new = Not used yet
access-review-closed = Closed on { $at }
access-review-never = Never
access-review-what = Something wrong? An administrator changes it. Then come back and record that you looked.
access-review-done = { $count ->
    [one] I have looked at this account
   *[other] I have looked at all { $count } accounts
}
access-review-before = Reviews before
access-review-none = Nobody has reviewed the accounts yet.
access-review-by = { $who }, { $at }: { $accounts } accounts
