//! What one event of the access log holds, and the exact bytes that stand for it.
//!
//! Ids, words from closed lists, numbers and times: no name, no address of a person, no free text (AUD-04, AUD-11). The
//! types see to it: a [`Fact`] cannot be made from a `String`.

use crate::crypto::{length_prefixed, sha256_of};
use crate::ids::{EventId, PatientId, Region, RequestId};
use crate::time::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use uuid::Uuid;

/// Words with a fixed spelling, for the database, exports and filters.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl $name {
            /// Every value, in the order of the source.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in the database and in exports.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The value a word stands for.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! {
    /// What happened. The list is closed: an event that is not here cannot be written (CMP-08).
    Kind {
        SystemStarted = "system.started",
        SystemStopped = "system.stopped",
        /// Which code is served from this start on (RTC-09).
        CodeServed = "code.served",
        /// The machine's clock was set, or the machine slept.
        TimeStepped = "clock.stepped",
        KeysCreated = "keys.created",
        ClinicChanged = "clinic.changed",
        /// A sealed value did not open: altered, moved, or under another key (HIP-06).
        IntegrityFailed = "integrity.failed",
        /// A request that was turned away: a closed route, a foreign object, a wrong form token.
        RequestRefused = "request.refused",

        StaffAdded = "staff.added",
        StaffListed = "staff.listed",
        StaffDisabled = "staff.disabled",
        StaffEnabled = "staff.enabled",
        /// Too many sign-ins failed: the account is closed until it is unlocked or gets a new one-time address.
        StaffLocked = "staff.locked",
        StaffUnlocked = "staff.unlocked",
        StaffPasswordLinkMade = "staff.password_link_made",
        StaffPasswordSet = "staff.password_set",
        StaffSignedIn = "staff.signed_in",
        StaffSignedOut = "staff.signed_out",
        StaffSessionEnded = "staff.session_ended",

        PatientAdded = "patient.added",
        PatientChanged = "patient.changed",
        PatientRead = "patient.read",
        PatientSearched = "patient.searched",
        /// Keyed marks of family names were made for patients who had none.
        PatientIndexed = "patient.indexed",

        VisitBooked = "visit.booked",
        VisitMoved = "visit.moved",
        VisitCancelled = "visit.cancelled",
        VisitRead = "visit.read",
        VisitsListed = "visits.listed",
        ReminderQueued = "reminder.queued",

        LinkCreated = "link.created",
        LinkSent = "link.sent",
        LinkRequested = "link.requested",
        /// Somebody typed a check value: right, wrong, locked, too early, elsewhere.
        LinkChecked = "link.checked",
        LinkRedeemed = "link.redeemed",
        LinkResumed = "link.resumed",
        LinkVoided = "link.voided",
        /// A mail with links came back, and they are void.
        LinkUndelivered = "link.undelivered",
        /// Whoever got a link says that it is not for them.
        LinkReported = "link.reported",
        LinkUnlocked = "link.unlocked",
        /// Links are sealed under a new key; an old key was given up.
        LinkKeyRotated = "link.key_rotated",
        LinkKeyRetired = "link.key_retired",
        /// A visit opens with a code from now on, or with the date of birth again.
        LinkCodeMade = "link.code_made",
        LinkCodeDropped = "link.code_dropped",
        /// A second device with the right value asks to take a visit over.
        DeviceMoveAsked = "device.move_asked",
        DeviceMoveAllowed = "device.move_allowed",
        DeviceMoveRefused = "device.move_refused",
        /// It took the visit over: a new session, and the old one ended.
        DeviceMoved = "device.moved",
        /// A mail other than one with a link left, or could not.
        MailSent = "mail.sent",
        MailRendered = "mail.rendered",
        /// The mail system says that a mail of ours will never arrive.
        MailBounced = "mail.bounced",
        /// A letter to the clinic's own address for compliance left, or could not.
        NoticeSent = "notice.sent",

        VisitWaiting = "visit.waiting",
        VisitLeft = "visit.left",
        ConsentRecorded = "consent.recorded",
        CompanionRecorded = "companion.recorded",
        VisitHeld = "visit.held",
        VisitMessaged = "visit.messaged",
        VisitAdmitted = "visit.admitted",
        /// An admission of somebody whose page was away, taken back after two minutes.
        VisitAdmissionLapsed = "visit.admission_lapsed",
        VisitPutBack = "visit.put_back",
        VisitRemoved = "visit.removed",
        VisitNoShow = "visit.no_show",
        VisitEnded = "visit.ended",
        IdentityRecorded = "identity.recorded",
        IncidentReported = "incident.reported",
        ClinicianLate = "clinician.late",

        CallJoined = "call.joined",
        CallConnected = "call.connected",
        /// A party's part in the call of one epoch ended. The one kind that may be written late (AUD-03).
        CallLeft = "call.left",
        /// What came of comparing the words of a connection (RTC-06).
        CallProof = "call.proof",
        ChatSent = "chat.sent",
        /// The clinician closed the visit to other devices, opened or closed chat, let the patient show their screen once or not.
        CallRuleSet = "call.rule_set",
        CallSharingStarted = "call.sharing_started",
        CallSharingEnded = "call.sharing_ended",

        NoteRead = "note.read",
        NoteSaved = "note.saved",

        /// A clinician opened the record of a patient who is not theirs, in an emergency, for a time; and the end of it (HIP-04).
        EmergencyOpened = "emergency.opened",
        EmergencyEnded = "emergency.ended",

        LogViewed = "log.viewed",
        /// An officer asked whether the log is what was signed; and what was found.
        LogVerificationAsked = "log.verification_asked",
        LogVerified = "log.verified",
        /// An export began. Committed before its first byte, and the last line of the export itself.
        LogExported = "log.exported",
        /// An export ended: whole, with its rows and hash, or cut off.
        LogExportFinished = "log.export_finished",
        /// A rule found something in the log that somebody should look at; somebody did (AUD-12).
        ReviewRaised = "review.raised",
        ReviewRecorded = "review.recorded",
        /// An officer marked a patient's record, so that whoever opens it is looked at, or took the mark away (AUD-12).
        RecordMarked = "record.marked",
        /// Somebody looked at all accounts and roles.
        AccessReviewed = "access.reviewed",
        /// Ends of calls that were kept beside the log during an outage are in it now (AUD-03).
        LogReplayed = "log.replayed",
        /// A head that left the house was taken for the last one, because the file with it was lost (AUD-21).
        LogHeadAdopted = "log.head_adopted",
        /// The newest events are lost for good, and the log goes on from those before, under another name (AUD-21).
        LogBegunAnew = "log.begun_anew",
        /// The key that signs the log's heads is followed by another (AUD-25).
        LogKeyRotated = "log.key_rotated",

        /// What old events say was removed after its time; that they happened stays (AUD-26).
        LogPurged = "log.purged",

        /// Somebody asked whose data an account had touched (PRV-09).
        BreachReported = "breach.reported",
        /// The compliance officer began to keep an incident or a request (PRV-04, PRV-06, PRV-10).
        CaseOpened = "case.opened",
        CaseEntered = "case.entered",
        CaseRead = "case.read",
        /// A patient's record was put together to be handed to them (PRV-06).
        RecordExported = "record.exported",
    }
}

words! {
    /// How it ended. FHIR's codes 0, 4, 8 and 12 are the same four.
    Outcome {
        Success = "success",
        /// Turned away by a rule: a wrong value, a closed door.
        Refused = "refused",
        /// It should have worked and did not.
        Failed = "failed",
    }
}

words! {
    /// What kind of party acted.
    ActorKind {
        Staff = "staff",
        /// The holder of a visit link or of the device session it gave. Not an authenticated person (ID-01).
        PatientLink = "patient_link",
        Nobody = "nobody",
        /// The program itself: a job, a start, a command on the terminal.
        System = "system",
    }
}

words! {
    /// Why (FHIR purpose of use).
    Purpose {
        Treatment = "treatment",
        Operations = "operations",
        PatientRequest = "patient_request",
        Compliance = "compliance",
        /// A record opened in an emergency by somebody whose patient it is not (HIP-04).
        BreakGlass = "break_glass",
    }
}

words! {
    /// The kind of browser, no finer.
    AgentClass {
        Phone = "phone",
        Computer = "computer",
        Other = "other",
        None = "none",
    }
}

words! {
    /// What the event is about, beside the patient.
    Object {
        Staff = "staff",
        Patient = "patient",
        Visit = "visit",
        Mail = "mail",
        Note = "note",
        Log = "log",
        Case = "case",
        Emergency = "emergency",
        Clinic = "clinic",
        Key = "key",
    }
}

words! {
    /// Whose part in a call.
    CallParty {
        Patient = "patient",
        Clinician = "clinician",
    }
}

words! {
    /// Why a party's part in a call ended.
    CallLeftWhy {
        /// The page said goodbye, or was sent away.
        Closed = "closed",
        /// The page's socket was lost and did not come back.
        Lost = "lost",
        /// A newer page of the same party took the call.
        Superseded = "superseded",
        /// The other party's page began the call anew, and this one follows into the next epoch.
        Renewed = "renewed",
        Ended = "ended",
        PutBack = "put_back",
        Removed = "removed",
    }
}

/// Who acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    pub kind: ActorKind,
    /// A staff id, or a device id for a patient's link.
    pub id: Option<Uuid>,
    /// The role a member of staff acted in.
    pub role: Option<&'static str>,
}

impl Actor {
    pub const SYSTEM: Actor = Actor { kind: ActorKind::System, id: None, role: None };
    pub const NOBODY: Actor = Actor { kind: ActorKind::Nobody, id: None, role: None };
}

/// Where an event comes from. One for each request, each socket message, each run of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    pub actor: Actor,
    pub request: RequestId,
    pub source: Option<IpAddr>,
    pub agent: AgentClass,
    /// A keyed hash of the session, so that one session's acts can be told from another's.
    pub session: Option<Uuid>,
    pub purpose: Purpose,
}

impl Context {
    /// The context of something the program does by itself.
    pub fn system(request: RequestId) -> Self {
        Self { actor: Actor::SYSTEM, request, source: None, agent: AgentClass::None, session: None, purpose: Purpose::Operations }
    }

    /// The same place and request, another party.
    pub fn acting(&self, actor: Actor) -> Self {
        Self { actor, ..self.clone() }
    }
}

/// One detail of an event. There is no way to make one of free text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    Word(&'static str),
    Words(Vec<&'static str>),
    Id(Uuid),
    Number(i64),
    At(Timestamp),
    /// A place of the configuration.
    Region(Region),
    /// A hash or other opaque bytes, shown in hexadecimal.
    Bytes(Vec<u8>),
}

/// One event before it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub kind: Kind,
    pub outcome: Outcome,
    pub object: Option<(Object, Uuid)>,
    pub patients: BTreeSet<PatientId>,
    details: BTreeMap<&'static str, Fact>,
}

impl Event {
    /// Something that was done.
    pub fn done(kind: Kind) -> Self {
        Self { kind, outcome: Outcome::Success, object: None, patients: BTreeSet::new(), details: BTreeMap::new() }
    }

    /// Something that was refused, and the word for why.
    pub fn refused(kind: Kind, why: &'static str) -> Self {
        Self { outcome: Outcome::Refused, ..Self::done(kind) }.with("why", Fact::Word(why))
    }

    /// Something that went wrong, and the word for what.
    pub fn failed(kind: Kind, why: &'static str) -> Self {
        Self { outcome: Outcome::Failed, ..Self::done(kind) }.with("why", Fact::Word(why))
    }

    pub fn on(mut self, object: Object, id: Uuid) -> Self {
        self.object = Some((object, id));
        self
    }

    pub fn about(mut self, patient: PatientId) -> Self {
        self.patients.insert(patient);
        self
    }

    pub fn about_all(mut self, patients: impl IntoIterator<Item = PatientId>) -> Self {
        self.patients.extend(patients);
        self
    }

    pub fn with(mut self, name: &'static str, fact: Fact) -> Self {
        self.details.insert(name, fact);
        self
    }

    /// The canonical payload: JSON with sorted keys, no spaces, strings and integers only, UTF-8 unescaped. The same
    /// bytes come from Python's `json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)`.
    pub fn payload(&self, id: EventId, recorded_at: Timestamp, context: &Context, boot: Uuid, build: &str) -> String {
        let mut root = BTreeMap::from([
            ("agent", Json::text(context.agent.word())),
            ("at", Json::Number(recorded_at.0)),
            ("boot", Json::Text(boot.to_string())),
            ("build", Json::text(build)),
            ("event", Json::Text(id.to_string())),
            ("kind", Json::text(self.kind.word())),
            ("outcome", Json::text(self.outcome.word())),
            ("purpose", Json::text(context.purpose.word())),
            ("request", Json::Text(context.request.to_string())),
        ]);
        let mut actor = BTreeMap::from([("kind", Json::text(context.actor.kind.word()))]);
        actor.extend(context.actor.id.map(|id| ("id", Json::Text(id.to_string()))));
        actor.extend(context.actor.role.map(|role| ("role", Json::text(role))));
        root.insert("actor", Json::Map(actor));
        root.extend(context.source.map(|source| ("from", Json::Text(source.to_string()))));
        root.extend(context.session.map(|session| ("session", Json::Text(session.to_string()))));
        root.extend(self.object.map(|(object, id)| {
            ("object", Json::Map(BTreeMap::from([("id", Json::Text(id.to_string())), ("type", Json::text(object.word()))])))
        }));
        if !self.patients.is_empty() {
            root.insert("patients", Json::List(self.patients.iter().map(|id| Json::Text(id.to_string())).collect()));
        }
        if !self.details.is_empty() {
            root.insert("details", Json::Map(self.details.iter().map(|(name, fact)| (*name, fact.json())).collect()));
        }
        serde_json::to_string(&Json::Map(root)).expect("text, integers, lists and maps always serialise")
    }
}

/// The shape of a payload. Not `serde_json::Value`, whose key order depends on a build feature of other crates.
#[derive(Serialize)]
#[serde(untagged)]
enum Json {
    Text(String),
    Number(i64),
    List(Vec<Json>),
    Map(BTreeMap<&'static str, Json>),
}

impl Json {
    fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Fact {
    fn json(&self) -> Json {
        match self {
            Fact::Word(word) => Json::text(word),
            Fact::Words(words) => Json::List(words.iter().map(|word| Json::text(word)).collect()),
            Fact::Id(id) => Json::Text(id.to_string()),
            Fact::Number(number) => Json::Number(*number),
            Fact::At(at) => Json::Number(at.0),
            Fact::Region(region) => Json::Text(region.to_string()),
            Fact::Bytes(bytes) => Json::Text(hex::encode(bytes)),
        }
    }
}

/// `SHA-256("anteroom-payload/1\0" ‖ salt ‖ payload)` (AUD-20). The salt keeps a short payload from being guessed.
pub fn payload_hash(salt: &[u8; 32], payload: &[u8]) -> [u8; 32] {
    sha256_of(&[b"anteroom-payload/1\0", salt, payload])
}

/// The bytes of an event's leaf in the tree (AUD-20): every part with a 32-bit big-endian length before it.
/// `kind` and `outcome` are their words. `subjects` are a patient's tag and that tag's gapless counter, in the order of the tags.
pub fn leaf_bytes(
    id: EventId,
    recorded_at: Timestamp,
    kind: &str,
    outcome: &str,
    subjects: &[([u8; 16], u64)],
    payload_hash: &[u8; 32],
) -> Vec<u8> {
    let counted: Vec<([u8; 16], [u8; 8])> = subjects.iter().map(|(tag, n)| (*tag, n.to_be_bytes())).collect();
    let listed: Vec<&[u8]> = counted.iter().flat_map(|(tag, n)| [tag.as_slice(), n.as_slice()]).collect();
    length_prefixed(&[
        b"anteroom-leaf/1",
        id.0.as_bytes(),
        &recorded_at.0.to_be_bytes(),
        kind.as_bytes(),
        outcome.as_bytes(),
        &length_prefixed(&listed),
        payload_hash,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> (EventId, Timestamp, Context, Event) {
        let id = |n| Uuid::from_u128(n);
        let context = Context {
            actor: Actor { kind: ActorKind::Staff, id: Some(id(1)), role: Some("clinician") },
            request: RequestId(id(2)),
            source: Some("203.0.113.9".parse().expect("an address")),
            agent: AgentClass::Computer,
            session: Some(id(3)),
            purpose: Purpose::Treatment,
        };
        let event = Event::done(Kind::IdentityRecorded)
            .on(Object::Visit, id(4))
            .about(PatientId(id(5)))
            .with("answer", Fact::Word("confirmed"))
            .with("epoch", Fact::Number(2));
        (EventId(id(6)), Timestamp(1_795_444_200_123), context, event)
    }

    /// These bytes are a promise to every auditor who wrote a verifier: they never change under `anteroom-leaf/1`.
    #[test]
    fn canonical_bytes_are_the_golden_vectors() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../compliance/audit/leaf-vectors.json")).expect("the vectors are JSON");
        let (id, at, context, event) = example();
        let payload = event.payload(id, at, &context, Uuid::from_u128(7), "0.1.0");
        let salt = [9; 32];
        let hash = payload_hash(&salt, payload.as_bytes());
        let leaf = leaf_bytes(id, at, event.kind.word(), event.outcome.word(), &[([8; 16], 1), ([9; 16], 70_000)], &hash);
        let vector = &vectors[0];
        assert_eq!(payload, vector["payload"].as_str().expect("text"));
        assert_eq!(hex::encode(hash), vector["payload_hash"].as_str().expect("text"));
        assert_eq!(hex::encode(leaf), vector["leaf"].as_str().expect("text"));
    }

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        let words: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.word()).collect();
        assert_eq!(words.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            assert_eq!(Kind::from_word(kind.word()), Some(*kind));
        }
    }
}
