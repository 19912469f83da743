# Appointments, as the front desk sees them.
appointments-title = Appointments
appointments-new-title = Book a visit
appointments-one-title = Visit
appointments-heading-day = { $day }
appointments-heading-week = Week of { $day }
appointments-in-zone = Days and times are those of { $zone }.
appointments-views = Day or week
appointments-day = Day
appointments-week = Week
appointments-other-days = Other days
appointments-earlier = Earlier
appointments-today = Today
appointments-later = Later
appointments-none = No visits.
appointments-book = Find a patient to book
appointments-open = Open
appointments-zone = { $city } time ({ $offset })

appointments-patient = Patient
appointments-clinician = Clinician
appointments-clinician-wrong = Choose a clinician of the list.
appointments-clinician-none = No clinician has an account yet. Ask your administrator to add one.
appointments-when = When
appointments-state = State
appointments-date = Date
appointments-date-wrong = Choose a date.
appointments-time = Start
appointments-time-in = { $zone } time
appointments-time-wrong = Type the time as hours and minutes, for example 14:30.
appointments-time-skipped = Clocks go forward over this time on this day, so it does not exist. Choose an earlier or a later time.
appointments-time-twice = Clocks go back on this day and pass this time twice. Choose which of the two is meant.
appointments-which = Which of the two?
appointments-minutes = Length
appointments-minutes-hint = In minutes, from 10 to 180.
appointments-minutes-wrong = Type a length from 10 to 180 minutes.
appointments-past = This time has passed. Choose a time to come.
appointments-far = This is more than two years ahead. Check the year.
appointments-reason = Reason for the visit
appointments-reason-hint = Optional. Sealed, never in a mail, and opened only in the call.
appointments-reason-long = Shorten the reason to 500 characters.
appointments-reason-kept = On record. It opens in the call.
appointments-lasts = { $minutes } minutes
appointments-check = Please check these fields. Nothing was saved yet.
appointments-book-this = Book this visit
appointments-to-patient = To the patient
appointments-for-patient = For the patient: { $when }
appointments-for-clinician = For the clinician: { $when }

appointments-clinician-busy = { $clinician } already has a visit from { $from } to { $until }. Choose another time or another clinician.
appointments-clinician-busy-move = { $clinician } already has a visit from { $from } to { $until }. Choose another time.
appointments-patient-busy = This patient already has a visit from { $from } to { $until }. Choose another time, or move that visit first.
appointments-changed = This visit was changed in the meantime. Your change was not made.
appointments-changed-next = What stands now is below. Look at it, then decide again.

appointments-booked = The visit is booked.
appointments-moved = The visit was moved. Earlier links no longer open it.
appointments-cancelled = The visit was cancelled. Its links no longer open it.
appointments-link-sent = A new link is on its way to the address on file. Earlier links no longer work.
appointments-unlocked = The link can be tried again.

appointments-link = Link and mail
appointments-no-mail = No mail about this visit: the patient has no address on file, or wants none.
appointments-locked = Somebody typed wrong answers at this visit's link. It is locked until { $clock }. Speak with the patient before you unlock it.
appointments-unlock = Unlock now
appointments-trouble-undelivered = Link did not reach the patient
appointments-trouble-undelivered-next = A mail to the patient came back, and its link no longer works. Call the patient, correct the address on the patient’s page, then send a new link here. Until then no reminder goes out.
appointments-trouble-revoked = Needs a new link
appointments-trouble-revoked-next = All links were revoked for safety, so the patient’s link no longer works. Send a new one here. The next reminder brings one too.
appointments-trouble-wrong_person = Link went to the wrong person
appointments-trouble-wrong_person-next = Somebody who is not the patient has the link: they said so, or the clinician let them in and saw it. Earlier links no longer work. Check the address with the patient, correct it on the patient’s page, then send a new link here. Until then no reminder goes out.
appointments-send-new = Send a new link
appointments-send-new-hint = It goes to the address on file. Earlier links stop working. If the patient wants no mail, you get a code to read out.
appointments-by-phone = Tell the patient this code by phone. It is shown only now.
appointments-by-phone-next = They open { $address } and type:
appointments-check-birth = To open the link, the patient types their date of birth.
appointments-check-code = To open the link, the patient types the visit code that you told them.
appointments-asks = To open the link, the patient types
appointments-asks-hint = Choose the code for a visit where a date of birth that others may know is not enough. You get the code once, to tell by phone.
appointments-asks-birth = Their date of birth
appointments-asks-code = A visit code that you tell them
appointments-code-new = New visit code
appointments-code-hint = You get 6 digits to tell the patient. A code from before stops working.
appointments-code-drop = Use the date of birth again
appointments-code-made = This visit has a new code.
appointments-code-dropped = The patient types their date of birth again. The visit code stopped working.
appointments-code-tell = Tell the patient this code now; it is not shown again
appointments-code-once = They type it at the link instead of a date of birth. Say it only to the patient. If it gets lost, make a new one below.
appointments-moving = Another device asks to take over this visit
appointments-moving-next = Somebody typed the right date of birth or code on a second device. If the patient is on the phone, ask whether that is them.
appointments-moving-yes = Move to that device
appointments-moving-no = Refuse
appointments-device-move-allowed = The visit moves to the other device, as soon as that device looks again.
appointments-device-move-refused = The visit stays on the device where it is.
appointments-mail-booked = Link for the booked visit
appointments-mail-moved = New time, with a new link
appointments-mail-cancelled = Cancellation
appointments-mail-reminder = Reminder
appointments-mail-new_link = New link
appointments-mail-sent = Sent { $when }
appointments-mail-filed = Written to a file { $when }: this program has no mail server, so nobody was mailed.
appointments-mail-withdrawn = Taken back before it left
appointments-mail-bounced = Came back: it did not reach the patient. Call the patient and check the address.
appointments-mail-given-up = { $why ->
    [refused] There is no such mailbox. Correct the address, then send a new link.
    [unsendable] This address takes no mail. Correct the address, then send a new link.
    [not_allowed] Not sent: the patient does not want mails.
    [too_late] Did not leave in time. Call the patient.
   *[other] Did not leave, and is not tried again. Call the patient, or send a new link.
}
appointments-mail-trying = { $why ->
    [connection] The mail server cannot be reached.
    [timeout] The mail server does not answer.
    [tls] The connection to the mail server is not safe, so nothing was sent. Tell your administrator.
    [rejected] The mail server does not accept our mails. Tell your administrator.
    [settings] The mail settings are not complete. Tell your administrator.
    [folder] The folder for mails cannot be written. Tell your administrator.
   *[other] The mail server asks us to come again later.
} We try again by ourselves. Tries so far: { $attempts }.
appointments-mail-waiting = About to leave

appointments-move = Move this visit
appointments-move-hint = The patient gets a mail with a new link, if they allow mail. The old link stops working.
appointments-move-this = Move the visit
appointments-clinician-left = The clinician's account is closed.
appointments-clinician-left-next = Nobody can see the patient in this visit. Call the patient, cancel this visit, and book one with another clinician.
appointments-cancel = Cancel this visit
appointments-cancel-hint = The patient gets a mail, if they allow mail, and the link stops working. This cannot be undone.
appointments-cancel-yes = Yes, cancel the visit

appointments-state-booked = Booked, no link sent yet
appointments-state-sent = Link sent, not opened
appointments-state-redeemed = Link opened, not in the waiting room yet
appointments-state-waiting = In the waiting room
appointments-state-checking = Let in, identity not recorded yet
appointments-state-in_call = In the call
appointments-state-ended = Done
appointments-state-cancelled = Cancelled
appointments-state-no_show = Did not come
appointments-time-same = The visit is at this time already. Nothing was changed, and the patient was not mailed.
