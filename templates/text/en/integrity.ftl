# Whether the access log is what was signed.
integrity-title = Integrity of the access log
integrity-lead = Every entry of the log is sealed into a chain whose head is signed at least each minute while there is traffic. A head that left this house shows later whether anything before it was changed, dropped or moved.
integrity-head-title = Latest signed head
integrity-signed = Signed
integrity-covers = Covers
integrity-covers-events = { $size } of { $events } events
integrity-root = Hash of all of them
integrity-key = Key that checks the signature
integrity-none = Nothing is signed yet. The first head comes with the first events.
integrity-waiting = { $count ->
    [one] One newer event waits for its place. That takes a second.
   *[other] { $count } newer events wait for their places. That takes a second.
}
integrity-verify-title = Verify now
integrity-known-head = A head that left the house
integrity-known-head-hint = Paste one of the letters you got, the newer the better. Without one, only what this machine itself keeps is compared, and somebody who has the database and the signing key could have made all of it.
integrity-head-wrong = No head that this log’s key has signed is in this text. Paste the whole letter, or the lines from the log’s name to the signature.
integrity-verify = Verify now
integrity-running = { $who } asked for a verification. It reads every event of the log, and people go on working meanwhile.
integrity-progress = How far it is
integrity-look-again = Look again
integrity-script-far = %done% of %all% events
integrity-results = Results
integrity-result-by = { $at }, asked by { $who }
integrity-report = The report in full
integrity-verdict-unaltered = Unaltered: the head from outside covers every event.
integrity-verdict-partly = Unaltered up to event { $outside }, which the head from outside covers. What came later fits together.
integrity-verdict-not-anchored = Fits together, but was compared with no head from outside.
integrity-verdict-altered = ALTERED. Keep the database as it is and start your incident procedure.
integrity-verdict-broken-off = Broken off. Ask again; if it happens twice, tell whoever runs the server.
integrity-limits = A verification shows that what was recorded was not changed since. It does not show that everything was recorded, that what was recorded is true, or who sat at an account’s keyboard. An auditor can do it without this server: see the folder compliance/audit.
integrity-chain-title = The last heads
integrity-chain-lead = Each circle is a signed head and the number of events it covers. A filled circle left the house by mail.
integrity-chain-picture = The chain of the last signed heads. The table below says the same.
integrity-heads-caption = The last signed heads, the newest first
integrity-column-events = Events
integrity-column-signed = Signed
integrity-column-left = Left the house
integrity-column-root = Hash
integrity-mailed-at = Mailed { $at }
integrity-mail-waits = Waits for the mail server
integrity-not-mailed = Not mailed itself
integrity-mailed-title = Mailed heads
integrity-mails-to = Heads are mailed to { $to } every hour in which anything was logged, and after each export. Every letter to a patient carries one too.
integrity-mails-nowhere = No address for compliance is configured: heads leave only in letters to patients.
integrity-head-at = Head over { $size } events
