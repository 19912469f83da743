# Patients, as the front desk sees them.
patients-title = Patients
patients-new-title = Add a patient
patients-one-title = Patient
patients-add = Add a patient
patients-save = Save changes
patients-back = Back to the search
patients-book = Book a visit
patients-check = Please check these fields. Nothing was saved yet.
patients-added = The patient was added.
patients-changed = The changes were saved.

patients-search = Find a patient
patients-search-hint = The whole name, the email address or the record number. Capitals do not matter.
patients-search-go = Find
patients-search-missing = Type a name, an email address or a record number.
patients-search-long = That is too long for a name, an email address or a record number.
patients-found = { $count ->
    [0] Nobody found
    [one] One patient found
   *[other] { $count } patients found
}
patients-found-none = Names must match in full. Check the spelling, try the email address or the record number, or add a new patient.
patients-born = Born { $date }

patients-who = Who they are
patients-name = Full name
patients-name-hint = As it is on their papers, in any script.
patients-name-missing = Type the patient's name.
patients-name-long = Shorten the name to 200 characters.
patients-name-wrong = Type the name again by hand, on one line: it holds hidden characters, such as tabs or line breaks.
patients-date-of-birth = Date of birth
patients-date-of-birth-hint = Month, day and year, for example 03/14/1948, or 1948-03-14.
patients-date-of-birth-wrong = Type the date of birth as month, day and year, the year in full: for example 03/14/1948.
patients-date-of-birth-future = This date is still to come. Check the year.
patients-record-number = Record number
patients-record-number-hint = The number of your own records, if there is one.
patients-record-number-wrong = Shorten the record number to 64 characters on one line.
patients-record-number-taken = Another patient has this record number. Find that patient first, or correct the number.

patients-contact = How to reach them
patients-email = Email address
patients-email-hint = Visit links go to this address and to no other.
patients-email-wrong = Check the email address. It looks like name@example.com.
patients-email-missing = Type the email address, or take away the tick at "Mail allowed".
patients-email-again = Email address again
patients-email-again-hint = Type it a second time: a link that goes to a stranger cannot be called back.
patients-email-differs = The two email addresses differ. Ask the patient, then type the same one twice.
patients-phone = Phone
patients-phone-wrong = Type a phone number of at least 5 digits, for example +1 555 0100.
patients-zone = Time zone
patients-zone-hint = Where the patient is when they join. Times are shown in this zone.
patients-zone-wrong = Choose a time zone of the list.
patients-language = Language
patients-language-wrong = Choose a language of the list.
patients-language-en = English
patients-language-es = Spanish (español)

patients-choices = What they want by mail
patients-mail-allowed = Mail allowed
patients-mail-allowed-hint = Without it the product sends nothing. Tell the patient the way in by phone.
patients-reminders-allowed = Reminders by mail before each visit
patients-times-agreed = Date and time of visits may stand in mails
patients-times-agreed-hint = Tick only after you told the patient that mail may be read by others and they still want it. The record keeps when, and that it was you.
patients-choices-since = These choices stand since { $date }.
patients-times-since = These choices stand since { $date }. Times by mail were agreed on { $agreed }.

patients-visits = Visits
patients-visits-none = No visits yet.
patients-both-zones = { $clinic }, for the patient { $patient }

patients-stale = Somebody else changed this patient while you were typing. Your changes were not saved.
patients-stale-next = What you typed is still below. Open what is saved now, compare, and make your changes there.
patients-stale-show = Show what is saved now

patients-id = Record id, by which the access log is searched:
