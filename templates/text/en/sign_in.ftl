# The page on which staff sign in. It is where the bare address leads, so patients meet it too.
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
staff-password-was-set = Your password is set. Please sign in with it.
