# The pages that are open to everybody: privacy, encryption, help.

clinic-privacy-title = Privacy
clinic-privacy-short = This page says what this system keeps about you, why, for how long, and how it is protected.
clinic-privacy-sealed = “Sealed” means encrypted with a key that lies outside the database. Whoever steals the database cannot read it. The clinic's server can open it, and every opening is written to the access log first.
clinic-privacy-caption = What is kept
clinic-privacy-why = Why
clinic-privacy-long = How long
clinic-privacy-how = How it is kept

clinic-kept-patient-what = Your name, date of birth, phone number and record number
clinic-kept-patient-why = To know who you are and to check that your link reached you
clinic-kept-patient-long = As long as the clinic keeps your record
clinic-kept-patient-how = Sealed. To find you, a keyed fingerprint of your name and record number; to check it, one of your date of birth

clinic-kept-contact-what = Your email address, language, time zone, and which mails you agreed to
clinic-kept-contact-why = To send your visit link and reminders as you wish
clinic-kept-contact-long = As long as the clinic keeps your record
clinic-kept-contact-how = The address is sealed, with a keyed fingerprint to find it. Language, time zone and choices are not

clinic-kept-visit-what = When your visits are, with which clinician, and their course: booked, arrived, admitted, ended, how you were recognised, what you agreed to and whether somebody was with you
clinic-kept-visit-why = To hold the visit, and so that nobody is booked twice
clinic-kept-visit-long = As long as the clinic keeps your record
clinic-kept-visit-how = Not sealed, under random numbers instead of names

clinic-kept-reason-what = The reason for a visit, the name of somebody who is with you, and messages to you while you wait
clinic-kept-reason-why = So that your clinician is prepared and you know how long it takes
clinic-kept-reason-long = As long as the clinic keeps your record
clinic-kept-reason-how = Sealed

clinic-kept-note-what = Your clinician's note on the visit
clinic-kept-note-why = It is part of your treatment
clinic-kept-note-long = As long as the clinic keeps your record
clinic-kept-note-how = Sealed. Opened by the clinician of that visit only

clinic-kept-call-what = Picture, sound and chat of the call
clinic-kept-call-why = They are not kept
clinic-kept-call-long = Not at all
clinic-kept-call-how = Encrypted between the two devices

clinic-kept-mail-what = Mails to you that wait to be sent
clinic-kept-mail-why = So that none is lost when a server restarts
clinic-kept-mail-long = The content until it has left; that and when it left, as long as the record
clinic-kept-mail-how = Sealed here. On its way it is an ordinary mail, so it says little

clinic-kept-link-what = Your visit links and the device that you opened one on
clinic-kept-link-why = So that a link opens on one device only
clinic-kept-link-long = As long as the clinic keeps your record
clinic-kept-link-how = As fingerprints from which no link can be made

clinic-kept-cookie-what = One cookie on your device for each visit
clinic-kept-cookie-why = So that you keep your place when you reload the page
clinic-kept-cookie-long = Until you close the browser or the visit is over
clinic-kept-cookie-how = A random number that no script can read

clinic-kept-language-what = One cookie with a language, if you choose it on a page
clinic-kept-language-why = So that all pages speak to you in that language
clinic-kept-language-long = Until you close the browser
clinic-kept-language-how = Only the name of the language. It does not say who you are

clinic-kept-log-what = The access log: who did what, when, from which network address, with which kind of device
clinic-kept-log-why = So that you and the clinic can find out who looked at what
clinic-kept-log-long = As long as the clinic must keep it by law
clinic-kept-log-how = The details are sealed, without names. Times and kinds of events are not sealed

clinic-kept-tries-what = How many sign-ins or link checks failed
clinic-kept-tries-why = To stop guessing
clinic-kept-tries-long = Until the next success or the end of the lock
clinic-kept-tries-how = Counted under keyed fingerprints or the visit's random number

clinic-kept-staff-what = Names, email addresses, roles and sign-ins of those who work here
clinic-kept-staff-why = So that everybody acts under their own name
clinic-kept-staff-long = As long as the access log names them
clinic-kept-staff-how = Not sealed. Passwords only as a slow fingerprint (Argon2id)

clinic-privacy-never-title = What never happens
clinic-privacy-never = No call is recorded. No page loads anything from another company. There is no advertising and no analysis of how you use the pages. Nothing records whether you look at the page.
clinic-privacy-rights-title = Your questions
clinic-privacy-rights = You may ask the clinic what is kept about you, to have it corrected, and who has looked at it:

clinic-encryption-title = Encryption
clinic-encryption-who-title = Who can see and hear the call
clinic-encryption-who = The two people in it. Picture, sound and chat are end-to-end encrypted: locked in one browser, opened in the other (DTLS-SRTP). They travel directly, or through a relay that holds no key and learns addresses, times and sizes. Nothing is recorded, and the chat is gone afterwards.
clinic-encryption-live = Which encryption a call uses, and which path, is measured in that call: press “Security” there.
clinic-encryption-server-title = What the clinic's server sees
clinic-encryption-server = Who meets whom, when, for how long, and from which network addresses; the messages with which your browsers find each other, and how large they are. Not picture, sound or chat.
clinic-encryption-breaks-title = What breaks it
clinic-encryption-breaks-code = Someone who alters this website. You trust the clinic, and whoever runs its server, not to.
clinic-encryption-breaks-words = Not comparing the four words in the call: then nobody notices someone between the two browsers. Or an imitated voice.
clinic-encryption-breaks-device = Harmful software on one of the devices.
clinic-encryption-breaks-room = Someone in the room, or a person who films the screen.
clinic-encryption-not-title = What is not end-to-end encrypted
clinic-encryption-not = Appointments, emails, waiting room messages and the clinician's notes. The server can read them, because it works with them. In its database, names, contact details, reasons, messages and notes are encrypted with a key kept elsewhere. Times of visits and random numbers for people stay readable there. Email travels like any other email, so ours says little.

clinic-help-title = Help
clinic-help-emergency = In an emergency do not wait for a visit here. Call
clinic-help-link-title = The link does not open
clinic-help-link = Copy the whole address from the mail into Safari, Chrome, Edge or Firefox. Or
clinic-help-join = type the code from the mail here.
clinic-help-check-title = The page does not accept my date of birth
clinic-help-check = Check that it is your own and type the year in full, for example 04/23/1980. After several wrong tries wait 15 minutes, or call us: we may have it differently.
clinic-help-camera-title = The camera or microphone does not work
clinic-help-camera = Close other programs that use them. When the browser asks, allow both. If you said no before, choose the sign beside the address of this page, allow camera and microphone, and reload.
clinic-help-sound-title = I hear nothing
clinic-help-sound = Turn up the volume of the device, and choose the right speaker or headphones. If the page shows a button for sound, use it.
clinic-help-waiting-title = I am waiting
clinic-help-waiting = Keep the page open. You keep your place if you reload it or the connection fails for a moment. The call starts as soon as your clinician lets you in.
clinic-help-staff-title = I work here
clinic-help-staff = Ask your administrator for an address at which you set your password. Then
clinic-help-sign-in = sign in.
clinic-help-call-title = Nothing helps
clinic-help-call = Call us:

# A third person (ACC-10).
clinic-third-title = A third person in the call
clinic-third-link = An interpreter, or somebody elsewhere?
clinic-third-short = A call here is between two people, the patient and the clinician. For now, nobody can join it from a third device.
clinic-third-beside-title = Somebody is in the room with you
clinic-third-beside = They may see and hear the call with you. Before you join, write under “Someone is with me” who it is. Your clinician sees the name and talks with you about it.
clinic-third-phone-title = An interpreter, or somebody who is elsewhere
clinic-third-before = They join by phone, and the video call goes on beside it. An interpreter costs you nothing. Tell us before the visit that you need one, or whom we may call:
clinic-third-step-call = In the video call, the clinician calls that person on a phone and puts the phone on loudspeaker beside the microphone.
clinic-third-step-who = The clinician says who is on the line, by name, and why.
clinic-third-step-agree = The patient says whether they agree. Without a yes, the clinician hangs up.
clinic-third-step-speak = Everybody speaks in short sentences, one after the other. All three hear each other.
clinic-third-step-note = At the end the clinician hangs up the phone, and writes in the note who was on the line and that the patient agreed.
clinic-third-known-title = Good to know
clinic-third-known = The video call stays encrypted from end to end. The phone line is an ordinary one: it is not. Whoever is on the phone hears, and sees nothing. A child or another relative does not take the place of an interpreter, except in an emergency while one is called.

clinic-about-title = About this program
clinic-about-short = This clinic’s visits run on Anteroom { $version }, on a server that the clinic chose.
clinic-about-code-title = Which code runs here
clinic-about-code = Each time the server starts, it writes these marks into the access log, so that an auditor can tell later which version a page came from.
clinic-about-version = Version
clinic-about-program = Mark of the program
clinic-about-served = Mark of all files that browsers get
clinic-about-limits = These marks say what this server is built to give. They do not prove what your browser got: a server that somebody changed could show this page too.
clinic-about-files = Every file with its mark
