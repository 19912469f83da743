# What the clinic owes the people in its records: breach worksheets.

rights-nav-breach = Breach
rights-check = Please check what is marked.
rights-problem-missing = Fill this in.
rights-take-away = Take away
rights-to-print = Sheet to print
rights-made = { $clinic }, made on { $at }

rights-breach-title = Breach worksheet
rights-breach-lead = Whose data did one account touch between two times? The answer comes from the access log alone, and the question is recorded there.
rights-breach-choose = Choose an account
rights-breach-person = Account
rights-breach-ask = Show the worksheet
rights-breach-answer = What the log says
rights-breach-one-session = Only this session
rights-breach-period = Period asked about
rights-breach-people = People affected
rights-breach-patients-count = { $count ->
    [0] Nobody’s data was touched
    [one] The data of one person
   *[other] The data of { $count } people
}
rights-breach-dates = Their data was touched between
rights-breach-acts = All acts of the account
rights-breach-acts-count = { $events }, of which { $refused } were turned away
rights-breach-altered = { $count } events of this account could not be read: somebody altered them. The list below may be too short. Verify the log before you rely on it.
rights-breach-looks = The account looked at pages of the access log { $count } times. Such a page shows ids of up to 100 events, and the log does not hold which. Count everybody in the period searched if that matters.
rights-breach-patients = People affected, by record id. The front desk finds their names.
rights-breach-record = Record id
rights-breach-data = Kinds of data
rights-breach-how = What was done
rights-breach-events = Events
rights-breach-first = First
rights-breach-last = Last
rights-breach-seats = From where the account was used. Choose a session to see it alone.
rights-breach-session = Session
rights-breach-none = None

rights-data-identity = name and date of birth
rights-data-contact = contact data and record number
rights-data-appointment = appointments
rights-data-reason = reason for the visit
rights-data-companion = who was with the patient
rights-data-message = messages in the waiting room
rights-data-call = picture and sound of a call
rights-data-note = visit note
rights-data-disclosures = disclosures
rights-data-log = events of the access log (ids, no names)
rights-data-other = other

rights-how-read = read
rights-how-changed = changed
rights-how-exported = exported

rights-breach-factors = The four factors
rights-breach-factors-how = What the log knows is filled in. The rest is for you to write (45 CFR 164.402(2)).
rights-factor-data = 1. What kinds of data, and how easily they name somebody
rights-factor-data-ask = How likely is it that people can be identified, and how sensitive are these data?
rights-factor-who = 2. Who used the data, or to whom they went
rights-factor-who-ask = Who was it in truth, and are they bound to keep it secret?
rights-factor-acquired = 3. Whether the data were actually acquired or viewed
rights-factor-count = { $how }: { $count } people
rights-factor-acquired-ask = What else is known? A page that was read may have been photographed; a file may have been opened or not.
rights-factor-mitigated = 4. How far the risk was reduced
rights-factor-mitigated-ask = Which sessions were ended, which assurances given, which files destroyed?

rights-notice = What a notice to the people affected must say
rights-notice-what = What happened, with the date of the breach and of its discovery
rights-notice-when = Data were touched between { $first } and { $last }.
rights-notice-what-ask = What happened, in plain words? When was it discovered?
rights-notice-data = Which kinds of data were involved
rights-notice-steps = What people should do to protect themselves
rights-notice-steps-ask = For example: watch for mail that mentions the visit.
rights-notice-doing = What the clinic does: to find out, to limit the harm, to prevent another
rights-notice-doing-ask = What is being done?
rights-notice-contact = How to ask questions
rights-notice-contact-ask = A telephone number free of charge, and an address for mail, a web site or post.

rights-nav-incidents = Incidents
rights-problem-long = This is too long. Use at most 8,000 characters.
rights-problem-date = Write the day as year, month and day: 2026-11-23.
rights-problem-future = This day has not come yet.
rights-problem-discovered = It cannot be discovered before it happened.
rights-problem-form = This form is incomplete. Open the page again and repeat it.
rights-problem-number = Write a number in digits.
rights-problem-states = Write each state with a number: New York 120, New Jersey 4.
rights-problem-sum = The states hold more people than there are in all.
rights-stale = Somebody else entered something meanwhile. Read it below; what you typed is still here. Send it again if it still holds.

rights-incidents-title = Incidents
rights-incidents-lead = What went wrong with patients’ data, who must be told, and by when. Nothing that was entered can be changed; add what is new.
rights-incidents-none = No incident has been written down.
rights-incident-title = Incident
rights-incidents-all = All incidents
rights-incident-new = Write down an incident
rights-incident-open = Open the incident
rights-what = What happened
rights-what-hint = In plain words: what, where, how it was found out.
rights-happened = Day it happened
rights-discovered = Day of discovery
rights-discovered-hint = The first day on which somebody here knew of it, or would have known with due care. The clock runs from here.
rights-discovered-on = Discovered on { $date }
rights-incident-closed = Closed
rights-incident-to-close = All are told. It can be closed
rights-incident-due = Tell { $whom } by { $due } ({ $days } days left)
rights-incident-late = Late: { $whom } should have been told by { $due } ({ $days } days ago)
rights-incident-large = 500 people or more: the government is told at the same time as the people.
rights-incident-media = More than 500 people of one state: tell the media there. { $states }
rights-incident-years = Lists for the government
rights-incident-year = Discovered in { $year }, fewer than 500 people each; due by { $due }
rights-incident-year-count = { $count ->
    [0] no breach
    [one] one breach
   *[other] { $count } breaches
}
rights-incident-year-sum = { $count }, { $people } people
rights-incident-is-closed = This incident is closed. Open a new one if something has come up.
rights-incident-is-open = This incident has been opened already.
rights-incident-not-counted = Enter how many people are affected first.
rights-incident-not-settled = It cannot be closed yet: for each who must be told, enter the proof that they were, or why it is not needed.
rights-incident-told-before = Nobody can have been told before the day of discovery.
rights-owed = Who must be told
rights-settled = settled
rights-until = by { $date }
rights-entries = What was entered
rights-add = Add
rights-enter = Enter
rights-step-opened = Opened
rights-step-counted = People affected
rights-step-assessed = The four factors and the finding
rights-step-notified = Somebody was told
rights-step-not_needed = Telling somebody is not needed
rights-step-closed = Close the incident
rights-people = How many people
rights-states = By state
rights-states-hint = For example: New York 120, New Jersey 4
rights-finding = Finding
rights-finding-hint = It counts as a breach until you have written down why it is none.
rights-finding-breach = It is a breach
rights-finding-low_probability = The data were probably not compromised
rights-finding-exception = One of the exceptions of the law applies
rights-whom = Who
rights-whom-people = the people affected
rights-whom-government = the government (HHS)
rights-whom-media = the media
rights-on = On
rights-proof = How they were told, and where the proof is
rights-proof-hint = For example: by first-class mail; copies and the list of addresses are in folder 7.
rights-why = Why it is not needed
rights-why-hint = This stays as the reason if somebody asks later.
rights-comment = Comment
rights-close = Close the incident
rights-close-how = A closed incident takes no more entries.
