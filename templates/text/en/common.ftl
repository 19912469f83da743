# The frame of every page.
common-skip = Skip to the main part
common-nav = Pages
common-sign-out = Sign out
common-phone = Phone
common-privacy = Privacy
common-encryption = Encryption
common-help = Help
