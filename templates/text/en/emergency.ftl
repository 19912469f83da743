# A record opened in an emergency, by a clinician whose patient it is not.
emergency-nav = Emergency
emergency-title = Open a record in an emergency
emergency-lead = For a patient who is in danger now and is not yours. Nobody has to agree first.
emergency-what-heading = What happens then
emergency-what-lasts = { $minutes ->
    [one] You can read their details and the notes of their visits for one minute. It ends by itself.
   *[other] You can read their details and the notes of their visits for { $minutes } minutes. It ends by itself.
}
emergency-what-recorded = Everything that you open is recorded as opened in an emergency. The patient can ask who did.
emergency-what-reviewed = The compliance officer gets a mail at once and has to look at what you opened and why.
emergency-open-heading = Open to you now
emergency-open-until = Open until { $time }
emergency-read = Read the record
emergency-over = That record is closed again. If the emergency goes on, open it once more and say why.
emergency-check = Nothing was opened yet:
emergency-patient = Patient
emergency-patient-hint = The full name, the mail address or the record number, exactly as the front desk has it.
emergency-born = Date of birth
emergency-born-hint = If you know it. It is needed where two people have one name.
emergency-why = What is the emergency?
emergency-why-hint = One sentence. The compliance officer reads it.
emergency-open = Open the record
emergency-problem-patient = Say which patient: the full name, the mail address or the record number.
emergency-problem-nobody = No patient is known by this. Check how it is spelled, leave the date of birth out, or use the record number.
emergency-problem-several = Several patients match. Add the date of birth, or use the record number.
emergency-problem-born = Write the date of birth like 3/14/1948, or leave it out.
emergency-problem-why = Say in a sentence what the emergency is, in at most 2,000 characters.
emergency-problem-form = This form could not be used. Reload the page and fill it in again.
emergency-record-title = Record opened in an emergency
emergency-record-until = Open to you until { $time }. Then this page closes by itself. What you read here is recorded and will be reviewed.
emergency-end = I am done: close it now
emergency-details = Details
emergency-phone = Phone
emergency-email = Mail address
emergency-number = Record number
emergency-language = Language
emergency-not-known = Not known
emergency-notes = Notes of visits
emergency-notes-none = There are no notes about this patient.
emergency-note-by = Written by { $who }

emergency-mail-subject = A record was opened in an emergency
emergency-mail-what = A clinician of { $clinic } has just opened the record of a patient who is not theirs, and gave an emergency as the reason. Sign in to see who it was and why, and review it once it is over:
emergency-mail-why = This mail names nobody on purpose.
