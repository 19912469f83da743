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
