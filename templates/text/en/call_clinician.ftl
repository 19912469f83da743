# What the clinician's page of a visit says, besides what both pages say in `call.ftl`.
call-patient = Patient
call-clock = Time in the call
call-reason = Why they come
call-identity-heading = Who is it? Ask for both, never read them out.
call-identity-why = Chat, note and the reason for the visit open once you have answered.
call-identity-known = Known to me
call-identity-confirmed = Confirmed
call-identity-not = Not this person
call-back = Back to waiting room
call-remove = Remove
call-end = End visit
call-security-rules = Set for this call
call-rule-lock = Lock the visit
call-rule-lock-why = No other device comes in, even with the link. The patient's own can reload.
call-rule-chat = Chat
call-rule-relay = Relay only
call-rule-relay-why = Through the clinic's relays and no other way. The call is made anew: picture and sound stop for a moment.
call-rule-relay-wished = The patient chose this before joining.
call-rule-relay-always = All calls of this clinic go through its relays and no other way.
call-rule-sharing = Patient may show their screen
call-rule-sharing-why = For one time. Untick it to stop.
call-security-acts = Let them out
call-shared-by-patient = The patient is showing their screen.
call-remove-heading = Remove this person from the visit?
call-remove-why = Their page closes, and only a new link lets them come back. The visit stays open.
call-remove-no = Keep them
call-remove-yes = Yes, remove
call-end-heading = End the visit for both?
call-end-no = Go on
call-end-yes = Yes, end it
call-not-heading = Not this person
call-not-off = The call is cut here: they no longer see or hear you. Choose what happens now.
call-not-back-why = They wait on, and you can let them in again.
call-not-report = Remove and report
call-not-report-why = Their page closes and their link no longer works. The access log says that the wrong person was let in.
call-ended-heading = The visit has ended
call-ended-words = The call is closed on both sides.
call-to-today = Back to Today

# The words to compare.
call-proof-listens = Ask the patient to read their four words aloud, and compare all four. If they are the same, nobody between you sees or hears this call.
call-proof-language = The words are in the patient's language. The numbers are the same on both pages.
call-proof-match = They match
call-js-proof-matched-clinician = You said that they match. It is recorded.

# Who is with the patient.
call-companion-with = With them: { $name } ({ $relation })
call-relation-parent = parent
call-relation-partner = partner
call-relation-child = son or daughter
call-relation-guardian = guardian
call-relation-carer = carer
call-relation-interpreter = interpreter
call-relation-other = other

# What the clinician may ask for.
call-identifier-birth = Date of birth
call-identifier-phone = Phone number
call-identifier-record = Record number
call-identifier-name = Full name

# How to go on when a call does not.
call-patient-phone = The patient's phone:
call-no-patient-phone = No phone number of this patient is written down. The front desk may know one.

# What the clinician's script says.
call-js-truth-patient = Encrypted between you and your patient.
call-js-join-to-see = Press "Join visit" to see and hear the patient. Camera and microphone start only when you press it.
call-js-end-known = The call closes on both sides, and the link opens nothing any more. Your note stays open.
call-js-end-unknown = Nobody has said yet who is there. The visit counts as done, and its link opens nothing any more.
call-js-patient-here = The patient's page is open. It joins in a moment, or when they press "Join visit".
call-js-patient-back = The patient's page is open again. They have to press "Join visit".
call-js-patient-left = The patient has left the call page and may come back. The visit stays open for them until you end it.
call-js-patient-lost = The patient's page is not connected at the moment. It comes back by itself if it can.
call-js-patient-cannot-connect = The connection does not come about. Another network often helps, for example mobile data. You can also ring the patient up: %phone%
call-js-patient-no-phone = no phone number is written down
call-js-patient-camera-off = The patient's camera is off.
call-js-patient-muted = The patient is muted.
call-js-back-in-waiting = The patient is in the waiting room again. You can admit them from Today.
call-js-identity-recorded = Recorded. Chat and note are open.
call-js-signed-out = You are signed out. Save your note, sign in again in a new tab, and try again.
call-js-changed-elsewhere = This visit was changed in the meantime. Look at Today.
call-js-not-done = That did not work. Try again.
call-js-closed-ended-heading = The visit has ended
call-js-closed-ended-words = The call is closed on both sides.
call-js-closed-superseded-heading = The call is open in another tab
call-js-closed-superseded-words = Camera and microphone are off here.
call-js-closed-signed_out-heading = You are signed out
call-js-closed-signed_out-words = The call is closed on this side, and the patient can wait for you. Sign in again and open the call from Today.
call-js-closed-cancelled-heading = The visit was cancelled
call-js-closed-cancelled-words = The front desk cancelled it. There is no call any more.
call-js-closed-no_show-heading = The visit is closed
call-js-closed-no_show-words = It was marked as not come to.
call-js-closed-no_relay-heading = No relay in %region%
call-js-closed-no_relay-words = The call would have gone another way than it must, so it was closed before anybody saw or heard you that way. Open it again from Today, or ring the patient up.
call-js-closed-strayed-heading = No relay in %region% any more
call-js-closed-strayed-words = The call turned to a way that it must not take, so it was closed as soon as this page noticed. For a few seconds it may have gone that way, encrypted as before. Open it again from Today, or ring the patient up.
call-js-closed-unloaded-heading = The call could not begin
call-js-closed-unloaded-words = A part of this page did not come. Reload the page. If that does not help, ring the patient up.
call-js-no-relay-here = No relay in %region% can be reached, and this call goes no other way. It is tried again by itself. If it takes too long, ring the patient up: %phone%
call-js-closed-differ-heading = The call was stopped for safety
call-js-closed-differ-words = The two sides of the call did not fit together, so it was closed at once, for both. Somebody may be between you, so do not go on with a call from here. Ring the patient up: they were asked to go on by phone. The compliance officer has an incident about it.
