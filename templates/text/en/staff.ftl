# Those who work here: signing in, passwords, accounts.

staff-nav-appointments = Appointments
staff-nav-patients = Patients
staff-nav-today = Today
staff-nav-log = Access log
staff-nav-staff = Accounts

staff-email = Email
staff-password = Password

staff-sign-in-title = Sign in
staff-sign-in = Sign in
staff-sign-in-help = No password yet, or forgotten? Your administrator can give you an address at which you set a new one.
staff-sign-in-patients = You have a visit with us as a patient? Use the link in your mail, or
staff-sign-in-join = type the code from it here.
staff-sign-in-wrong = The email address or the password is not right. Check both and try again.
staff-sign-in-wait =
    { $minutes ->
        [one] There were too many tries. Wait a minute, then try again.
       *[other] There were too many tries. Wait { $minutes } minutes, then try again.
    }
staff-sign-in-locked = This account is closed because of too many tries. Ask your administrator for a new address to set a password at.

staff-set-password-title = Set your password
staff-set-password-how = At least { $chars } characters. A few words that you remember are better than one with signs and digits. It is for you alone.
staff-set-password = Set password
staff-code = One-time code
staff-code-hint = The part behind # in the address that you were given.
staff-code-wrong = This code has been used or is too old. Ask your administrator for a new one.
staff-new-password = New password
staff-password-again = The same password again
staff-password-was-set = Your password is set. Please sign in with it.
staff-password-differs = The two passwords are not the same. Type both again.
staff-password-too-short = This password is too short. Use at least 12 characters, for example four words.
staff-password-too-long = This password is too long. Use at most 128 characters.
staff-password-common = This password is one of those that are tried first. Choose another, for example four words that do not belong together.
staff-password-personal = This password is close to your name, your address or the name of the clinic. Choose another.
