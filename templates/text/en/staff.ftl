# Those who work here: passwords, accounts.

staff-nav-appointments = Appointments
staff-nav-patients = Patients
staff-nav-today = Today
staff-nav-log = Access log
staff-nav-review = To review
staff-nav-integrity = Integrity
staff-nav-access = Accounts
staff-nav-staff = Accounts

staff-set-password-title = Set your password
staff-set-password-how = At least { $chars } characters. A few words that you remember are better than one with signs and digits. It is for you alone.
staff-set-password = Set password
staff-code = One-time code
staff-code-hint = The part behind # in the address that you were given.
staff-code-wrong = This code has been used or is too old. Ask your administrator for a new one.
staff-new-password = New password
staff-password-again = The same password again
staff-password-differs = The two passwords are not the same. Type both again.
staff-password-too-short = This password is too short. Use at least 12 characters, for example four words.
staff-password-too-long = This password is too long. Use at most 128 characters.
staff-password-common = This password is one of those that are tried first. Choose another, for example four words that do not belong together.
staff-password-personal = This password is close to your name, your address or the name of the clinic. Choose another.

staff-idle-title = Are you still there?
staff-idle-text = You will be signed out in two minutes or less, because nothing has happened here for a while. What you typed and did not save would be lost.
staff-idle-last = You have been signed in for as long as one sign-in may last. Save your work: in less than two minutes you will be asked for your password again.
staff-idle-stay = Stay signed in

staff-accounts-title = Accounts
staff-own-account = this is you
staff-role-scheduler = Front desk
staff-role-clinician = Clinician
staff-role-compliance = Compliance officer
staff-role-administrator = Administrator
staff-state-open = can sign in
staff-state-new = has no password yet
staff-state-locked = locked after too many tries
staff-state-disabled = closed
staff-make-link = New password address
staff-end-sessions = Sign out everywhere
staff-disable = Close account
staff-disable-what = { $name } is signed out at once and cannot sign in any more. Visits that are booked with them stay booked: the front desk moves or cancels them. What they did stays in the access log. You can open the account again.
staff-disable-yes = Yes, close the account of { $name }
staff-enable = Open account again
staff-unlock = Unlock
staff-not-yourself = You cannot close your own account. Ask another administrator to do it.

staff-add-title = Add an account
staff-add-how = Everybody has an account of their own, with one role. Somebody who administers accounts and also sees patients has two accounts with two addresses.
staff-add = Add account
staff-name = Name
staff-role = Role
staff-zone = Time zone
staff-name-wrong = Type a name of up to 100 characters, as patients and colleagues will see it.
staff-email-wrong = This is not an email address. It looks like name@clinic.example.
staff-email-taken = There is an account with this address already. Use another address.
staff-role-wrong = Choose one of the roles.
staff-zone-wrong = Choose one of the time zones.

staff-link-title = Address to set a password
staff-link-how = Give this address to { $name } ({ $email }), and to nobody else. Whoever opens it sets the password of this account.
staff-link-once = It is shown only now and works once: within three days for a new account, within one day otherwise. If it is lost, make a new one.
staff-link-back = Back to the accounts
