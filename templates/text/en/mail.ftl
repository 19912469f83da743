# Letters. Neutral: no name of a person, no specialty, no reason. `-at` is for patients who agreed to times by mail.
mail-subject-booked = Your upcoming appointment
mail-subject-moved = Your appointment has a new time
mail-subject-cancelled = Your appointment was cancelled
mail-subject-reminder = Your upcoming appointment
mail-subject-new-link = A new link for your appointment

mail-booked = Here is the link for your upcoming appointment. The clinic told you when it is.
mail-booked-at = Your appointment is on { $when }.
mail-moved = Your appointment has a new time. Call us if you do not know it. Links that we sent before no longer work. Here is the new one.
mail-moved-at = Your appointment has a new time: { $when }. Links that we sent before no longer work. Here is the new one.
mail-cancelled = Your appointment was cancelled. Links that we sent for it no longer work.
mail-cancelled-at = Your appointment on { $when } was cancelled. Links that we sent for it no longer work.
mail-reminder = Your appointment is coming up. Here is a link for it.
mail-reminder-at = Your appointment is coming up: { $when }. Here is a link for it.
mail-new-link = Here is the new link that was asked for. Please use this one from now on.
mail-new-link-at = Here is the new link for your appointment on { $when }. Please use this one from now on.

mail-link-before = Open this link when it is time. It works from { $minutes } minutes before the start.
mail-link-label = Open your appointment
mail-code = If the link does not open, go to { $address } and type this code:
mail-asked = You will be asked for your date of birth, or for the visit code if the clinic told you one.
mail-keep = This link is for you. Please do not forward it.
mail-questions = Questions, or another time? Call { $clinic } at { $phone }.
mail-emergency = In an emergency call { $phone }. Do not wait for an appointment.
mail-stop = To change or stop these mails, call { $phone }.

# In every letter in every language (45 CFR 92.11).
mail-language-help = Free help with language, hearing or sight: call { $phone }.

mail-calendar-summary = Appointment
