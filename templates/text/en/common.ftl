# The frame of every page. A language calls itself by its own name, and says which way it is written: ltr or rtl.
common-language = English
common-direction = ltr
# The order of the numbers in a date: mdy or dmy.
common-date-order = mdy
common-languages = Language
common-skip = Skip to the main part
common-nav = Pages
common-sign-out = Sign out
common-phone = Phone
common-privacy = Privacy
common-encryption = Encryption
common-help = Help
common-about = About
# Each language says this in its own words, on pages of every language (45 CFR 92.11).
common-language-help = Free help with language, hearing or sight: call

# Days and times. A time always names its zone.
common-weekday-1 = Monday
common-weekday-2 = Tuesday
common-weekday-3 = Wednesday
common-weekday-4 = Thursday
common-weekday-5 = Friday
common-weekday-6 = Saturday
common-weekday-7 = Sunday
common-month-1 = January
common-month-2 = February
common-month-3 = March
common-month-4 = April
common-month-5 = May
common-month-6 = June
common-month-7 = July
common-month-8 = August
common-month-9 = September
common-month-10 = October
common-month-11 = November
common-month-12 = December
common-date = { $weekday }, { $month } { $day }, { $year }
common-time = { $hour12 }:{ $minute } { $half ->
    [am] AM
   *[pm] PM
}
common-clock = { $time } { $city } time ({ $offset })
common-when = { $date }, { $clock }
# A city's own name is enough in English. `$zone` is that name with `_` for a space, for languages that call some otherwise.
common-city = { $zone ->
   *[other] { $city }
}
