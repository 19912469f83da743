# The sheet "who opened my record", which a patient is handed. Plain words, no names of parts of the program.
opened-title = Who opened your record
opened-lead = Our system writes down each time somebody opens or changes something about you, before it lets them. This list is made from those entries.
opened-for = For (name)
opened-record = Number of the record
opened-covers = Time covered
opened-made = Printed
opened-period-all = Everything since the record began
opened-period-from = Since { $from }
opened-period-until = Until { $until }
opened-period = From { $from } until { $until }
opened-zone = Times are those of { $zone }.
opened-when = When
opened-who = Who
opened-what = What they did
opened-nobody = Nobody opened your record in this time.
opened-times = { $first } to { $last }
opened-often = { $act }, { $times } times
opened-refused = Tried and was turned away: { $act }
opened-by-itself = { $count ->
    [one] Besides, the system did one step by itself, such as sending a mail or a reminder.
   *[other] Besides, the system did { $count } steps by itself, such as sending mails and reminders.
}
opened-altered = { $count ->
    [one] One entry is not as it was written and cannot be shown here. Please ask the clinic what was found about it.
   *[other] { $count } entries are not as they were written and cannot be shown here. Please ask the clinic what was found about them.
}
opened-cut = There is more than fits on this list. Ask for an earlier time to see the rest.
opened-limits = The list shows which account was used. It cannot show who sat at the computer, or who saw a screen or a printout. What is said and seen in a video visit is not kept.
opened-questions = If something here surprises you, please tell us. You will not be treated worse for asking. Call

opened-who-link = Somebody with your visit link (you, or whoever had it)
opened-who-nobody = Somebody who was not signed in
opened-who-unknown = An account that no longer exists
opened-who-staff = { $name }, { $role }
opened-role-scheduler = front desk
opened-role-clinician = clinician
opened-role-compliance = privacy and compliance
opened-role-administrator = system administration
opened-role-other = staff

opened-act-details-read = Opened your details, such as your name, date of birth and contact
opened-act-details-added = Entered you as a patient
opened-act-details-changed = Changed your details
opened-act-searched = Found you in a search
opened-act-visit-booked = Booked an appointment for you
opened-act-visit-moved = Moved an appointment of yours
opened-act-visit-cancelled = Cancelled an appointment of yours
opened-act-visit-read = Opened an appointment of yours
opened-act-listed = Saw you on a list of appointments
opened-act-note-read = Opened the notes of a visit
opened-act-note-written = Wrote the notes of a visit
opened-act-link-used = Used a visit link
opened-act-link-sent = Made, sent or withdrew a visit link
opened-act-waited = Came to the waiting room or left it
opened-act-visit-led = Led you through the waiting room or a visit
opened-act-device = Moved a visit to another device
opened-act-call = Took part in a video visit
opened-act-log-read = Looked at who opened your record
opened-act-marked = Decided whether somebody looks at each opening of your record
opened-act-emergency = Opened your record in an emergency, as a clinician you have no visit with
opened-act-other = Did something else with your record
