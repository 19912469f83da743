//! The keys of one deployment.
//!
//! The root key wraps and does nothing else. Under it lie one random key for each purpose and one for each patient, each
//! wrapped with its purpose, id and deployment as associated data (CRY-03). A key is checked against its check value
//! before it is used, so that a wrong root key is an error at start and not garbage later (CRY-07).

use super::envelope::{self, Altered, Place, Sealed, SealingKey};
use super::{Rng, key_file, length_prefixed, mac, same};
use crate::ids::{DeploymentId, PatientId};
use crate::secret::Secret;
use anyhow::Context;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use uuid::Uuid;

/// The key that wraps the others. It comes from a file outside the data directory.
#[derive(Debug, Clone)]
pub struct RootKey(Secret<[u8; 32]>);

/// A wrapped key as it lies in the database.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct WrappedKey {
    pub purpose: String,
    pub kid: i64,
    pub wrapped: Vec<u8>,
    pub check_value: Vec<u8>,
}

/// The key under which one patient's data is sealed.
#[derive(Debug, Clone)]
pub struct PatientKey {
    pub patient: PatientId,
    key: SealingKey,
}

/// All keys that do not belong to a patient.
#[derive(Debug, Clone)]
pub struct Keyring {
    pub deployment: DeploymentId,
    root: RootKey,
    index: PurposeKey,
    check: PurposeKey,
    link: LinkKeys,
    log: SealingKey,
    form: PurposeKey,
    organisation: PurposeKey,
    /// The organisation's once more, to seal what is the clinic's.
    clinic: SealingKey,
}

/// A key that does not fit what was wrapped under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the root key does not open this deployment's keys: is it the key file of another installation?")]
pub struct WrongKey;

#[derive(Debug, Clone)]
struct PurposeKey {
    kid: u32,
    key: Secret<[u8; 32]>,
}

impl PurposeKey {
    fn sealing(&self) -> SealingKey {
        SealingKey::new(self.kid, self.key.reveal())
    }
}

/// The keys that visit links are sealed under, the newest first. They rotate while the program runs, so they are the one part
/// of a keyring that changes; what stands in the database decides.
#[derive(Debug, Clone)]
struct LinkKeys(Arc<RwLock<Vec<PurposeKey>>>);

impl LinkKeys {
    fn of(keys: Vec<PurposeKey>) -> Self {
        Self(Arc::new(RwLock::new(keys)))
    }

    fn find(&self, fits: impl Fn(&PurposeKey) -> bool) -> Option<PurposeKey> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).iter().find(|key| fits(key)).cloned()
    }
}

/// What the file holds, in words.
const WHAT: &str = "root key";
/// What a demonstration's key file begins with.
const DEMONSTRATION: &str = "demonstration:";

/// The purpose of the one kind of key that rotates.
pub(super) const LINK: &str = "link";

const PURPOSES: [&str; 6] = ["index", "check", LINK, "log", "form", "organisation"];

impl RootKey {
    /// A new root key.
    pub fn generate(rng: &Rng) -> Self {
        Self(Secret::new(rng.bytes()))
    }

    /// Read the key from its file: 64 hexadecimal digits.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = key_file::read(path, WHAT)?;
        let digits = text.reveal().trim().trim_start_matches(DEMONSTRATION);
        let mut key = [0; 32];
        hex::decode_to_slice(digits, &mut key)
            .with_context(|| format!("the root key file {} must hold 64 hexadecimal digits", path.display()))?;
        Ok(Self(Secret::new(key)))
    }

    /// True if a demonstration made this key: its sign-ins follow from it, so no clinic may use it.
    pub fn is_demonstration(path: &Path) -> anyhow::Result<bool> {
        Ok(key_file::read(path, WHAT)?.reveal().starts_with(DEMONSTRATION))
    }

    /// Write a clinic's key to a new file that only its owner may read. Never overwrites.
    pub fn write_new(&self, path: &Path) -> anyhow::Result<()> {
        self.write("", path)
    }

    /// The same for a demonstration, marked as one.
    pub fn write_new_demonstration(&self, path: &Path) -> anyhow::Result<()> {
        self.write(DEMONSTRATION, path)
    }

    fn write(&self, mark: &str, path: &Path) -> anyhow::Result<()> {
        key_file::write_new(path, WHAT, &Secret::new(format!("{mark}{}", hex::encode(self.0.reveal()))))
    }

    /// A value that follows from the key and a label, for the demonstration's sign-ins. It cannot be turned back.
    pub fn derive(&self, label: &str) -> [u8; 32] {
        mac(self.0.reveal(), &[b"derive/1", label.as_bytes()])
    }

    fn wrap(&self, deployment: DeploymentId, purpose: &str, kid: u32, key: &[u8; 32], rng: &Rng) -> WrappedKey {
        let nonce: [u8; 12] = rng.bytes();
        let mut wrapped = nonce.to_vec();
        wrapped.extend(envelope::encrypt(self.0.reveal(), nonce, &wrap_data(deployment, purpose, kid), key));
        WrappedKey { purpose: purpose.to_owned(), kid: kid.into(), wrapped, check_value: check_value(kid, key).to_vec() }
    }

    fn unwrap(&self, deployment: DeploymentId, wrapped: &WrappedKey) -> Result<PurposeKey, WrongKey> {
        let kid = u32::try_from(wrapped.kid).map_err(|_| WrongKey)?;
        let (nonce, ciphertext) = wrapped.wrapped.split_first_chunk::<12>().ok_or(WrongKey)?;
        let aad = wrap_data(deployment, &wrapped.purpose, kid);
        let opened = envelope::decrypt(self.0.reveal(), *nonce, &aad, ciphertext).map_err(|_| WrongKey)?;
        let key: [u8; 32] = opened.reveal().as_slice().try_into().map_err(|_| WrongKey)?;
        let key = PurposeKey { kid, key: Secret::new(key) };
        if !same(&check_value(kid, key.key.reveal()), &wrapped.check_value) {
            return Err(WrongKey);
        }
        Ok(key)
    }
}

fn wrap_data(deployment: DeploymentId, purpose: &str, kid: u32) -> Vec<u8> {
    length_prefixed(&[b"wrap/1", purpose.as_bytes(), &kid.to_be_bytes(), deployment.0.as_bytes()])
}

fn check_value(kid: u32, key: &[u8; 32]) -> [u8; 16] {
    let full = mac(key, &[b"key-check/1", &kid.to_be_bytes()]);
    full.first_chunk().copied().expect("32 bytes hold 16")
}

impl Keyring {
    /// New keys for a new deployment, with the rows to store.
    pub fn create(root: RootKey, deployment: DeploymentId, rng: &Rng) -> (Self, Vec<WrappedKey>) {
        let rows: Vec<WrappedKey> =
            PURPOSES.iter().map(|purpose| root.wrap(deployment, purpose, new_kid(rng), &rng.bytes(), rng)).collect();
        let keyring = Self::unwrap(root, deployment, &rows).expect("the keys were wrapped a moment ago");
        (keyring, rows)
    }

    /// The keys of an existing deployment. Of several link keys the newest comes first.
    pub fn unwrap(root: RootKey, deployment: DeploymentId, rows: &[WrappedKey]) -> Result<Self, WrongKey> {
        let find = |purpose: &str| {
            let row = rows.iter().find(|row| row.purpose == purpose).ok_or(WrongKey)?;
            root.unwrap(deployment, row)
        };
        let organisation = find("organisation")?;
        Ok(Self {
            deployment,
            index: find("index")?,
            check: find("check")?,
            link: LinkKeys::of(Self::link_keys(&root, deployment, rows)?),
            log: find("log")?.sealing(),
            form: find("form")?,
            clinic: organisation.sealing(),
            organisation,
            root,
        })
    }

    fn link_keys(root: &RootKey, deployment: DeploymentId, rows: &[WrappedKey]) -> Result<Vec<PurposeKey>, WrongKey> {
        let keys: Vec<PurposeKey> =
            rows.iter().filter(|row| row.purpose == LINK).map(|row| root.unwrap(deployment, row)).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(WrongKey) } else { Ok(keys) }
    }

    /// A new key for links, to be stored. It seals from when [`Keyring::use_link_keys`] is told of it.
    pub fn new_link_key(&self, rng: &Rng) -> WrappedKey {
        self.root.wrap(self.deployment, LINK, new_kid(rng), &rng.bytes(), rng)
    }

    /// The ids of the link keys in use, the newest first.
    pub fn link_kids(&self) -> Vec<i64> {
        self.link.0.read().unwrap_or_else(PoisonError::into_inner).iter().map(|key| key.kid.into()).collect()
    }

    /// Use these link keys from now on, the newest first. Links under a key that is not among them open no more.
    pub fn use_link_keys(&self, rows: &[WrappedKey]) -> Result<(), WrongKey> {
        let keys = Self::link_keys(&self.root, self.deployment, rows)?;
        *self.link.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// A new key for a new patient, with the row to store.
    pub fn new_patient_key(&self, patient: PatientId, rng: &Rng) -> (PatientKey, WrappedKey) {
        let (kid, key) = (new_kid(rng), rng.bytes());
        let row = self.root.wrap(self.deployment, &patient_purpose(patient), kid, &key, rng);
        (PatientKey { patient, key: SealingKey::new(kid, &key) }, row)
    }

    /// A patient's key from its row.
    pub fn patient_key(&self, patient: PatientId, kid: i64, wrapped: Vec<u8>, check_value: Vec<u8>) -> Result<PatientKey, WrongKey> {
        let row = WrappedKey { purpose: patient_purpose(patient), kid, wrapped, check_value };
        Ok(PatientKey { patient, key: self.root.unwrap(self.deployment, &row)?.sealing() })
    }

    /// Seal a value of one patient. `place.patient` is taken from the key.
    pub fn seal(&self, key: &PatientKey, place: Place, rng: &Rng, plaintext: &[u8]) -> Sealed {
        let place = Place { patient: key.patient.0, ..place };
        envelope::seal(&key.key, self.deployment, &place, rng, plaintext)
    }

    /// Open a value of one patient. Called from `audit` alone: **nothing opens sealed data without an `audit::Access`**.
    pub fn open(&self, key: &PatientKey, place: Place, sealed: &Sealed) -> Result<Secret<Vec<u8>>, Altered> {
        let place = Place { patient: key.patient.0, ..place };
        envelope::open(&key.key, self.deployment, &place, sealed)
    }

    /// Seal a value of the clinic, which belongs to no patient.
    pub fn seal_of_clinic(&self, place: Place, rng: &Rng, plaintext: &[u8]) -> Sealed {
        let place = Place { patient: Uuid::nil(), ..place };
        envelope::seal(&self.clinic, self.deployment, &place, rng, plaintext)
    }

    /// Open what [`Keyring::seal_of_clinic`] made. Called from `audit` alone.
    pub fn open_of_clinic(&self, place: Place, sealed: &Sealed) -> Result<Secret<Vec<u8>>, Altered> {
        let place = Place { patient: Uuid::nil(), ..place };
        envelope::open(&self.clinic, self.deployment, &place, sealed)
    }

    /// Seal the salt and payload of one event of the access log.
    pub fn seal_log(&self, event: Uuid, rng: &Rng, plaintext: &[u8]) -> Sealed {
        envelope::seal(&self.log, self.deployment, &log_place(event), rng, plaintext)
    }

    /// Open what [`Keyring::seal_log`] made. Called from `audit` alone.
    pub fn open_log(&self, event: Uuid, sealed: &Sealed) -> Result<Secret<Vec<u8>>, Altered> {
        envelope::open(&self.log, self.deployment, &log_place(event), sealed)
    }

    /// Seal a record of the log that waits outside the database.
    pub fn seal_spooled(&self, record: Uuid, rng: &Rng, plaintext: &[u8]) -> Sealed {
        envelope::seal(&self.log, self.deployment, &spool_place(record), rng, plaintext)
    }

    /// Open what [`Keyring::seal_spooled`] made. Called from `audit` alone.
    pub fn open_spooled(&self, record: Uuid, sealed: &Sealed) -> Result<Secret<Vec<u8>>, Altered> {
        envelope::open(&self.log, self.deployment, &spool_place(record), sealed)
    }

    /// Seal what somebody wrote about an entry of the log.
    pub fn seal_remark(&self, item: Uuid, rng: &Rng, plaintext: &[u8]) -> Sealed {
        envelope::seal(&self.log, self.deployment, &remark_place(item), rng, plaintext)
    }

    /// Open what [`Keyring::seal_remark`] made. Called from `audit` alone.
    pub fn open_remark(&self, item: Uuid, sealed: &Sealed) -> Result<Secret<Vec<u8>>, Altered> {
        envelope::open(&self.log, self.deployment, &remark_place(item), sealed)
    }

    /// A visit's delivery check value (ID-04): it is compared, never opened.
    pub fn check_value(&self, subject: Uuid, value: &str) -> [u8; 32] {
        mac(self.check.key.reveal(), &[b"check/1", subject.as_bytes(), value.as_bytes()])
    }

    /// The token that ties a form to a session (SES-14).
    pub fn form_token(&self, session_token: &str) -> String {
        hex::encode(mac(self.form.key.reveal(), &[b"form/1", session_token.as_bytes()]))
    }

    pub(super) fn index_key(&self) -> &[u8; 32] {
        self.index.key.reveal()
    }

    /// The newest link key, to seal under.
    pub(super) fn link_key(&self) -> (u32, Secret<[u8; 32]>) {
        let newest = self.link.find(|_| true).expect("a keyring is made with a link key and never left without one");
        (newest.kid, newest.key)
    }

    /// The link key of that id, if links under it are still accepted.
    pub(super) fn link_key_of(&self, kid: u32) -> Option<Secret<[u8; 32]>> {
        self.link.find(|key| key.kid == kid).map(|key| key.key)
    }

    /// A keyed hash of something that must be counted or compared and not read: an address that tries passwords, say.
    pub fn pseudonym(&self, label: &str, value: &[u8]) -> [u8; 32] {
        mac(self.organisation.key.reveal(), &[b"pseudonym/1", label.as_bytes(), value])
    }
}

fn new_kid(rng: &Rng) -> u32 {
    u32::from_be_bytes(rng.bytes())
}

fn patient_purpose(patient: PatientId) -> String {
    format!("patient/{patient}")
}

fn log_place(event: Uuid) -> Place {
    Place { table: "audit_event", column: "payload", row: event, patient: Uuid::nil(), version: 0 }
}

fn remark_place(item: Uuid) -> Place {
    Place { table: "review_item", column: "comment", row: item, patient: Uuid::nil(), version: 0 }
}

fn spool_place(record: Uuid) -> Place {
    Place { table: "audit_spool", column: "record", row: record, patient: Uuid::nil(), version: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn deployment() -> DeploymentId {
        DeploymentId::new(Timestamp(0), &Rng::system())
    }

    #[test]
    fn keys_come_back_under_the_same_root_key_and_under_no_other() {
        let (rng, deployment) = (Rng::system(), deployment());
        let root = RootKey::generate(&rng);
        let (keyring, rows) = Keyring::create(root.clone(), deployment, &rng);
        let again = Keyring::unwrap(root, deployment, &rows).expect("the same root key");
        assert_eq!(keyring.form_token("session"), again.form_token("session"));
        assert_eq!(Keyring::unwrap(RootKey::generate(&rng), deployment, &rows).err(), Some(WrongKey));
    }

    #[test]
    fn a_wrapped_key_serves_one_purpose_and_one_deployment() {
        let (rng, deployment) = (Rng::system(), deployment());
        let root = RootKey::generate(&rng);
        let (_, mut rows) = Keyring::create(root.clone(), deployment, &rng);
        assert_eq!(Keyring::unwrap(root.clone(), super::tests::deployment(), &rows).err(), Some(WrongKey));
        let (index, check) = (rows[0].wrapped.clone(), rows[1].wrapped.clone());
        rows[0].wrapped = check;
        rows[1].wrapped = index;
        assert_eq!(Keyring::unwrap(root, deployment, &rows).err(), Some(WrongKey));
    }

    #[test]
    fn one_patients_key_opens_nothing_of_another() {
        let (rng, deployment) = (Rng::system(), deployment());
        let (keyring, _) = Keyring::create(RootKey::generate(&rng), deployment, &rng);
        let [first, second] = [1, 2].map(|n| keyring.new_patient_key(PatientId(Uuid::from_u128(n)), &rng).0);
        let place = Place { table: "patient", column: "name", row: Uuid::nil(), patient: Uuid::nil(), version: 1 };
        let sealed = keyring.seal(&first, place, &rng, b"Maria");
        assert!(keyring.open(&first, place, &sealed).is_ok());
        assert_eq!(keyring.open(&second, place, &sealed).err(), Some(Altered));
    }

    #[test]
    fn a_root_key_file_is_read_back_and_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("root.key");
        let root = RootKey::generate(&Rng::system());
        root.write_new(&path).expect("a new file");
        assert_eq!(RootKey::read(&path).expect("the same key").derive("x"), root.derive("x"));
        assert_eq!(std::fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
        assert!(root.write_new(&path).is_err(), "never overwritten");
    }
}
