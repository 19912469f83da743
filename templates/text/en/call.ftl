# The patient's pages of a visit: ready, waiting, call, over. `%name%` in a text for scripts stands for a value.
# The clinician's page says many of them too; what it alone says is in `call_clinician.ftl`.
call-title = Your visit
call-no-script = A visit needs JavaScript. Switch it on for this page, or call the clinic.
call-own-picture = Your own picture
call-clinician = Clinician
call-level = Microphone
call-no-picture = The camera is off. Your microphone works.

call-ready-heading = Your visit with { $clinician }
call-join = Join visit
call-join-sound = Join with sound only
call-join-nothing = Join without camera and microphone
call-check = Check camera and microphone first
call-change-devices = Camera, microphone and background
call-companion-heading = Someone is with me
call-companion-why = Tell your clinician who else can see and hear. Leave this empty if you are alone.
call-companion-name = Their name
call-companion-relation = Who they are to you
call-companion-choose = Choose
call-relation-mine-parent = My parent
call-relation-mine-partner = My partner
call-relation-mine-child = My son or daughter
call-relation-mine-guardian = My guardian
call-relation-mine-carer = My carer
call-relation-mine-interpreter = An interpreter
call-relation-mine-other = Someone else

call-relay = Hide my internet address
call-relay-why = Picture and sound then go through the clinic's servers only, still encrypted. You need not choose this. It may make the call a little slower.

# What joining means. A change here is a new version: see `waiting_room/consent.rs`.
call-consent-short = By joining you agree to a visit over the internet instead of in the room.
call-consent-more = What you agree to
call-consent-how = You and your clinician see and hear each other over the internet. The call is encrypted between your two devices.
call-consent-limits = Not everything can be done this way. Your clinician may ask you to come in instead.
call-consent-private = You choose where you sit and who can hear you. Your clinician sits where nobody else can.
call-consent-recorded = Nobody records picture or sound. Your clinician writes a note, as after any visit. We keep that you joined and when you agreed.
call-consent-leave = You can leave at any time and ask for a visit in person. That does not change how you are cared for.
call-consent-emergency = This is not for emergencies. In an emergency, leave and call the emergency number.

# The check of the connection. The clinician's Today page has it too, with words of its own in `waiting.ftl`.
call-line-heading = Your connection
call-line-again = Check the connection
call-js-line-checking = We are checking how good your connection is. You need not wait for that.
call-js-line-good = Your connection is good.
call-js-line-poor = Your connection is a little weak. The picture may be poor, so sound comes first. You can join as usual.
call-js-line-blocked = We could not check your connection: this network may not let a video visit through. Join anyway. Another network often helps, for example mobile data. If the visit does not start, call %phone%.
call-js-line-busy = Many people are checking at the moment. You can join without it.
call-js-line-none = The check did not work this time. You can join without it.

call-tips-heading = Before you join
call-tip-place = Be in a private place. Headphones help.
call-tip-device = Use a device you trust, and no public Wi-Fi.
call-tip-company = Not alone? Say so below.
call-tip-leave = You can leave at any time.

call-waiting-heading = You are in the waiting room
call-waiting-for = { $clinician } will let you in.
call-late = { $clinician } is running about { $minutes } minutes late.
call-waiting-keep = Keep this page open. If you reload it, your place is kept.
call-waiting-message = Message from the clinic
call-only-you = Only you see this picture until you are let in.
call-check-again = Check camera or background
call-leave = Leave

call-with = Visit with { $clinician }
call-play = Tap to play
call-mute = Mute
call-camera-off = Camera off
call-devices = Devices
call-chat = Chat
call-chat-why = Messages go straight to the other person and are gone when the visit ends.
call-chat-field = Write a message
call-chat-send = Send
call-close = Close

# Security: what is true of the call. The clinician sets it, the patient reads it.
call-security = Security
call-security-facts = What is encrypted
call-security-protocols = Encryption that this call uses
call-security-path = Path
call-security-line = Line
call-security-words = Words compared
call-security-not = Picture, sound and chat go from browser to browser. Appointments, mails and notes do not: the clinic's server works with them.
call-security-more = What is end-to-end encrypted, and what is not
call-security-route = The networks decide which way the call takes to a relay, and from one relay to another. The clinic does not.
call-security-rules-read = What your clinician set
call-share = Show screen
call-stop-sharing = Stop sharing
call-shared-by-you = You are showing your screen.

call-devices-heading = Camera, sound and background
call-choose-camera = Camera
call-choose-microphone = Microphone
call-choose-speaker = Speaker
call-test-sound = Play a sound
call-test-sound-why = Hear nothing? Turn the volume up, or try another speaker.
call-sound-only = Sound only, no pictures. Needs little data.
call-done = Done

# What others see behind a person.
call-background = Background
call-background-none = As it is
call-background-blur = Blurred
call-background-hide = Hidden
call-background-why = This is done on your device. It counts for this visit.
call-background-failed = Your background cannot be blurred or hidden here
call-background-off = Your camera is off, so nobody sees your background. You can show your picture as it is, or go on with sound only.
call-background-as-it-is = Show my picture as it is
call-background-without = Go on without a picture
call-js-background-preparing = Getting ready. Nobody sees your picture before.
call-js-background-missing = A part of this page did not load. Check your internet connection, then turn your camera on to try again.
call-js-background-refused = This browser cannot do it. A newer one often can: Safari, Chrome, Firefox or Edge.
call-js-background-slow = This device is too slow for it.

call-over-heading = The visit is over
call-over-words = You can close this page. Nothing of the visit stays on this device.
call-over-next-heading = What comes next
call-over-next-mail = If there is another visit, the clinic sends you a new mail with a new link. The old one no longer opens anything.
call-over-next = Questions, or the visit broke off? Call us:
call-over-record = Who looked at my record?
call-over-record-ask = You may ask. Call us and say that you want to know who opened it:
call-over-record-how = What we keep about you

# What the patient's script says.
call-js-title-admitted = Your visit is open
call-js-again-heading = Your visit is open
call-js-again-words = %clinician% is there. This page was loaded anew, and camera and microphone start only when you tap. Press "Join visit" to go on.
call-js-admitted = %clinician% lets you in. The visit starts now.
call-js-put-back = You are back in the waiting room. %clinician% can let you in again.
call-js-waiting-here = %clinician% is here and will let you in soon.
call-js-waiting-busy = %clinician% is with another patient and will let you in afterwards.
call-js-waiting-away = %clinician% is not here at the moment. You need not do anything.
call-js-waiting-late = %clinician% is running about %minutes% minutes late. You need not do anything.
call-js-before-none = You are next.
call-js-before-one = One person is in front of you.
call-js-before-many = %count% people are in front of you.
call-js-held = %clinician% has seen that you are here.
call-js-waiting-lost = The connection to the clinic is lost. We are trying again. Your place is kept.
call-js-no-both = Camera and microphone do not open.
call-js-no-camera = The camera does not open.
call-js-no-sound = The microphone does not open.
call-js-or-without = Then press "Join visit" again. Or choose another way to join below.
call-js-offline = We could not reach the clinic. Check your internet connection and try again.
call-js-unavailable = Something is wrong on our side. Wait a moment and try again, or call the clinic.
call-js-companion-incomplete = Type the name of the person who is with you and choose who they are. Or leave both empty.
call-js-not-open = This visit cannot be joined from here any more. Open the link in your mail again, or call the clinic.

# Why a device does not open, and how to mend it.
call-js-blocked = This page may not use it yet.
call-js-mend-ios = Press "aA" or the page icon in the address line, choose Website Settings, and allow camera and microphone.
call-js-mend-ios_app = In the settings of your phone or tablet choose the name of this browser, and allow camera and microphone there. Then come back.
call-js-mend-android_firefox = Press the lock left of the address, choose the blocked camera or microphone, and allow it.
call-js-mend-samsung = Press the lock left of the address, choose Permissions, and allow camera and microphone.
call-js-mend-edge = Press the lock left of the address, and allow camera and microphone.
call-js-mend-android = Press the icon left of the address, choose Permissions, and allow camera and microphone.
call-js-mend-firefox = Press the camera or microphone icon left of the address, remove "Blocked", and try again.
call-js-mend-chrome = Press the icon left of the address and allow camera and microphone.
call-js-mend-safari = In the menu Safari choose Settings for This Website, and allow camera and microphone.
call-js-mend-other = Allow camera and microphone for this page in the settings of your browser.
call-js-mend-system-mac = If it still does not open: in System Settings choose Privacy & Security, then Camera and Microphone, and allow this browser.
call-js-mend-system-pc = If it still does not open: in the Windows settings choose Privacy, then Camera and Microphone, and allow this browser.
call-js-device-missing-phone = We found none. Closing the browser and opening it again often helps, or starting the phone anew.
call-js-device-busy-phone = Another app or a phone call is using it. End the call, or close the other app.
call-js-device-missing = We found none on this device. Plug one in.
call-js-device-busy = Another program is using it. Close that program.
call-js-device-unsupported = This browser cannot use it here. Open the link in Safari, Chrome, Firefox or Edge.
call-js-device-other = The device gives no answer. Closing the browser and opening it again often helps.
call-js-speaker-failed = This speaker does not work. The one before is still in use.
call-js-camera = Camera
call-js-microphone = Microphone
call-js-speaker = Speaker
call-js-choose = Choose

# The call.
call-js-connecting = Connecting
call-js-reconnecting = The connection is interrupted. Reconnecting by itself.
call-js-connected = Connected
call-js-truth-clinician = Encrypted between you and your clinician.
call-js-truth-none = Not connected
call-js-truth-connecting = Connecting
call-js-truth-reconnecting = Reconnecting
call-js-truth-unknown = We cannot tell whether this call is encrypted. Say nothing private until this changes.
call-js-security-unknown = Not known at the moment
call-js-security-unsaid = This browser does not say.
call-js-rule-locked = Locked: no other device can come into this call.
call-js-rule-unlocked = Another device can come in only after a question to you or to the clinic.
call-js-rule-chat-later = Chat opens once your clinician has confirmed who you are.
call-js-rule-chat-on = Chat is on.
call-js-rule-chat-off = Chat is off.
call-js-rule-relay-on = The call goes through the clinic's relays and no other way.
call-js-rule-relay-off = The call goes the most direct way there is.
call-js-rule-sharing-no = You cannot show your screen.
call-js-rule-sharing-allowed = You may show your screen, once.
call-js-rule-sharing-on = You are showing your screen.
call-js-share-allowed = Your clinician lets you show your screen. Press “Show screen” if you want to. Nobody sees it before.
call-js-share-unsupported = Your clinician lets you show your screen, but this browser cannot. A computer can.
call-js-share-failed = No screen was chosen. Nobody sees your screen.
call-js-share-refused = Your screen is not shown: the clinician has to allow it first.
call-js-share-ended = Your screen is no longer shown.
# What the clinician's page does, over their picture.
call-js-clinician-here = %clinician% is here and joins in a moment.
call-js-clinician-back = %clinician% is back and joins in a moment.
call-js-clinician-left = %clinician% has left the call page and may come back. Keep this page open. If it takes long, call %phone%.
call-js-clinician-lost = %clinician% has lost the connection and may come back. Keep this page open. If it takes long, call %phone%.
call-js-clinician-cannot-connect = The connection does not come about. Another network often helps, for example mobile data. You can also call the clinic: %phone%
call-js-clinician-camera-off = The camera of %clinician% is off.
call-js-clinician-muted = %clinician% is muted.
call-js-path-direct = Direct, path not pinned.
call-js-path-relay = Through a relay, path not pinned.
call-js-path-relay-in = Through a relay in %region%, path not pinned.
call-js-path-pinned = Through the clinic's relays in %region% and no other way.
call-js-path-pinned-two = Through the clinic's relays in %region% and %other% and no other way.
call-js-no-relay = No relay in %region% can be reached, and this call goes no other way. We keep trying. If it takes too long, call the clinic: %phone%
call-js-no-picture = No picture from the other person at the moment. You can still talk.
call-js-sound-only = You chose sound only. To see each other again, change it under Devices.
call-js-sound-first = The line is poor, so sound comes first. The picture comes back by itself.
call-js-picture-held = The line is poor: only your sound goes out. Your picture comes back by itself.
call-js-picture-held-short = Poor line: sound only.
call-js-picture-not-wanted = Not sent: they chose sound only.
call-js-quality-good = The line is good.
call-js-quality-weak = The line is weak.
call-js-quality-poor = The line is poor.
call-js-muted = You are muted.
call-js-no-microphone = No microphone.
call-js-camera-is-off = Camera is off.

# What the system took away, and how to go on.
call-js-resume = Tap to resume
call-js-taken-microphone-held = Something else uses your microphone, perhaps a phone call. When that is over, press “Tap to resume”.
call-js-taken-camera-held = Something else uses your camera. When that is over, press “Tap to resume”.
call-js-taken-both-held = Something else uses your camera and microphone, perhaps a phone call. When that is over, press “Tap to resume”.
call-js-taken-microphone-gone = Your microphone is gone. Plug it in again and press “Tap to resume”, or choose another one under Devices.
call-js-taken-camera-gone = Your camera is gone. Plug it in again and press “Tap to resume”, or choose another one under Devices. You can still talk.
call-js-taken-both-gone = Your camera and microphone are gone. Plug them in again and press “Tap to resume”, or choose others under Devices.
call-js-taken-stopped = Picture and sound stopped on this device. Press “Tap to resume”.

# Chat.
call-js-chat-you = You:
call-js-chat-them = The other person:
call-js-chat-new = New
call-js-chat-came = A new message has come.
call-js-chat-failed = Not sent. Try again when you are connected.

# The words that both people compare, to know that nobody is between them.
call-proof-heading = Compare four words
call-proof-reads = Read these four words aloud to { $clinician }. If both screens show the same ones, nobody between you sees or hears this call.
call-proof-numbers = The numbers are the same on both screens too. Words and numbers stay on this page.
call-proof-differ = They differ
call-proof-differ-heading = Are the words different?
call-proof-differ-why = If one of the four is different, the call ends at once for both of you, and you go on by phone.
call-proof-differ-no = No, go on
call-proof-differ-yes = Yes, end the call
call-js-proof-toggle = Compare words
call-js-proof-toggle-matched = Words match
call-js-proof-preparing = The words are being prepared.
call-js-proof-compare = Not compared yet.
call-js-proof-again = The call was connected anew. Please compare again.
call-js-proof-matched-patient = Your clinician pressed "They match". You should have heard that from them, too.
call-js-proof-unchecked = This connection could not be checked. The call goes on. If you want to be sure, talk by phone instead.
call-js-proof-spent = The call was connected too often to be checked once more. The call goes on. If you want to be sure, talk by phone instead.

# The patient's page at the end.
call-js-over-ended-heading = The visit is over
call-js-over-ended-words = You can close this page. Nothing of the visit stays on this device.
call-js-over-left-heading = You have left
call-js-over-left-words = Camera and microphone are off. Until the visit ends you can come back.
call-js-over-left-return = Come back
call-js-over-left-untold = Camera and microphone are off. We could not tell the clinic that you left: the connection is lost.
call-js-over-moved-heading = The visit is on another device now
call-js-over-moved-words = You can close this page. Camera and microphone are off here. If you did not ask for that, call us at once.
call-js-over-superseded-heading = The visit is open in another tab
call-js-over-superseded-words = Camera and microphone are off here.
call-js-over-superseded-return = Use this tab instead
call-js-over-removed-heading = You are no longer in this visit
call-js-over-removed-words = The clinic closed this page, and its link no longer works. If you still need the visit, or think that this is a mistake, call us: we can send you a new link.
call-js-over-rescheduled-heading = Your appointment has another time now
call-js-over-rescheduled-words = The newest mail from the clinic has the new time and a new link. If you did not expect that, or got no mail, call us.
call-js-over-cancelled-heading = This appointment was cancelled
call-js-over-cancelled-words = You need not wait here. If you did not expect that, call us.
call-js-over-no_show-heading = This visit is closed
call-js-over-no_show-words = The clinic closed it because it had not begun. If you still need it, call us.
call-js-over-differ-heading = The call was stopped for safety
call-js-over-differ-words = The two sides of the call did not fit together, so it was closed at once, for both of you. You did nothing wrong, and your device is fine. Please call the clinic and go on by phone.
call-js-over-differ-return = Back to the waiting room
call-js-over-no_relay-heading = No relay in %region%
call-js-over-no_relay-words = The call would have gone another way than it must, so it was closed before anybody saw or heard you that way. Please try again, or call the clinic and go on by phone.
call-js-over-no_relay-return = Try again
call-js-over-strayed-heading = No relay in %region% any more
call-js-over-strayed-words = The call turned to a way that it must not take, so it was closed as soon as this page noticed. For a few seconds it may have gone that way, encrypted as before. Please try again, or call the clinic and go on by phone.
call-js-over-strayed-return = Try again
call-js-over-unloaded-heading = The call could not begin
call-js-over-unloaded-words = A part of this page did not come. Please reload the page. If that does not help, call the clinic and go on by phone.
call-js-over-unloaded-return = Reload the page

# A second device asks for the visit; the patient's page puts the question.
call-move-heading = Is that you?
call-move-question = Somebody with your date of birth wants to open this visit on another device. Is that you?
call-move-danger = If you did not just do that yourself, press “No”. The visit stays here.
call-move-no = No
call-move-yes = Yes, move it
call-js-move-going = Moving to your other device. Keep that device’s page open.
call-js-move-late = That question is no longer open. The visit stays here.
call-js-move-failed = We could not reach the clinic. Press again.

# "Continue on my phone", in the waiting room.
call-phone = Continue on my phone
call-phone-heading = Continue on your phone
call-phone-how = Point your phone’s camera at this picture and open the link that it finds. Type your date of birth there, or the visit code that the clinic gave you.
call-phone-picture = Picture with the link for your phone
call-phone-type = Or type this into the address bar of your phone’s browser:
call-phone-once = You keep your place. Once the phone has the visit, this page is closed. The link works once, within two minutes: show it to nobody else.
call-phone-new = New link
call-phone-stay = Stay here
call-js-phone-old = Two minutes are over and this link no longer works. Press “New link”.
call-js-phone-not-waiting = Only a visit that waits can go on on a phone. Close this question.
call-js-phone-often = You asked for many links in the last hour. Stay on this device, or call the clinic.
call-js-phone-failed = We could not reach the clinic. Press “New link”.
