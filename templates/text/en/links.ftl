# The page behind a visit link, and the page where its code is typed by hand.
links-title = Your visit
links-no-script = This page needs JavaScript to open your link, and your browser has it switched off.
links-no-script-join = Type the code from the mail instead

links-heading = Before we open your visit
links-why = This makes sure that the link reached the right person.
links-date-of-birth = Date of birth
links-date-of-birth-hint = For example 03/14/1948. If the clinic told you a 6-digit visit code, type that instead.
links-visit-code = Visit code
links-visit-code-hint = The 6 digits that the clinic told you. If you got none, type your date of birth.
links-continue = Continue

links-in-app-title = Open this in your browser
links-in-app-why = You are reading this inside a mail or message app. Camera and microphone often do not work here.
links-in-app-open = Open in my browser
links-in-app-ios = Copy the link, open Safari, and paste it into the address line at the bottom or top.
links-in-app-copy = Copy link
links-in-app-stay = Stay here

links-reason-heading = Your visit cannot open now
links-move-here = Move here
links-move-here-hint = Your other device or the clinic has to agree.
links-move-here-again = To move the visit to this device, type the date or code once more.
links-incomplete-heading = This link is not complete
links-incomplete = Some mail programs cut links short. Open the link in the mail again, or type the code from the mail.
links-join-code = Type the code

links-trouble = Trouble?
links-send-new = Send a new link
links-not-for-me = This is not for me
links-not-me-heading = This is not for me
links-not-me-why = Tell the clinic if you have no visit with it and got this mail by mistake. The link stops working, and the clinic looks for the right address. It learns nothing else about you.
links-not-me-type = To confirm, type these words:
links-not-me-words = not for me
links-not-me-tell = Tell the clinic
links-not-me-back = Back
links-thanks-heading = Thank you
links-thanks = The clinic has been told. You need do nothing more. Please delete the mail and do not pass it on.
links-call-us = Call us:
links-emergency = In an emergency call { $phone }. Do not wait for this visit.

links-move-heading = Waiting for a yes
links-move-confirm = Confirm on your other device, or wait for the clinic.
links-move-how = The other device shows a question. Press “Yes, move it” there.
links-move-keep = Keep this page open. It goes on by itself, and the question ends after 10 minutes.
links-move-again = Look again
links-move-allowed-heading = The visit may move to this device
links-move-go = Go to the visit
links-move-refused-heading = The visit stays where it is
links-move-refused = Somebody said no, on the other device or at the clinic. If that was a mistake, open your link again or call us.
links-move-over-heading = Nobody is waiting for an answer here
links-move-over = The question ended after 10 minutes, or another device asked after this one. Open your link again to ask once more.

links-join-heading = Join with a code
links-join-why = The code is in the mail from your clinic, below the link.
links-code = Code from the mail
links-code-hint = 10 letters and digits. Capitals, spaces and dashes do not matter.

# The same page, with a code from the picture that the patient's other device shows.
links-here-heading = Continue on this device
links-here-why = You keep your place in the waiting room. The page on your other device closes.

links-js-type-date = Type your date of birth, or your visit code.
links-js-unreadable = We could not read that. Type the date as month, day and year, the year in full: for example 03/14/1948. Or type the 6 digits of your visit code.
links-js-no = That did not open a visit. Check what you typed and try again. If you are sure that it is right, send a new link or call us.
links-js-not-me-words = Type the words exactly as they stand above the field: not for me
links-js-too-many = That was tried too often. Wait a minute, then try again, or call us.
links-js-offline = We could not reach the clinic. Check your internet connection and press Continue again.
links-js-unavailable = Something is wrong on our side. Wait a moment and try again, or call us.
links-js-new-link-sent = If this link belongs to a visit, a new link is on its way to the address that your clinic has. It can take a few minutes.
links-js-elsewhere-heading = Your visit is on another device
links-js-move-lost = We could not reach the clinic. Trying again.
links-js-copied = Copied. Now open your browser and paste it.
links-js-copy-failed = Copying is not allowed here. Press and hold the link in the mail and choose "Open in browser" or "Copy".

links-server-code-unreadable = That is not a code from a mail. It has 10 letters and digits, for example 7K2QM-4TX90. Look below the link in the mail.
links-server-too-early = It is too early. Come back at { $when }: this link works from then on.
links-server-elsewhere = This visit is already open on another device. Go on there, or move it to this one.
links-server-asked-too-often = This visit was asked for too often in the last hour. Go on with the other device, or call us.
links-server-closed-to-others = The clinician has closed this visit to other devices. Go on with the device that has it, or call us.
links-server-used = This link was used before, or a newer one was sent. Open the newest mail. We can also send a new link to the address that your clinic has.
links-server-lapsed = This code was used, or is more than two minutes old. On the device where you wait, press “Continue on my phone” again.
links-server-withdrawn = Your clinic has withdrawn this link. Call us: we send you a new one.
links-server-moved = Your appointment has another time now. Open the newest mail, or call us.
links-server-cancelled = This appointment was cancelled. If you did not expect that, call us.
links-server-over = This visit is over. If you need a new one, call us.
