use super::*;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::strategy::{Just, Strategy};
use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};

const STATES: [VisitState; 6] =
    [VisitState::Redeemed, VisitState::Waiting, VisitState::Checking, VisitState::InCall, VisitState::Ended, VisitState::Cancelled];

fn any_event() -> impl Strategy<Value = Event> {
    let socket = (0..6u64).prop_map(SocketId);
    let party = prop_oneof![Just(Party::Patient), Just(Party::Clinician)];
    let look = (0..STATES.len(), 0..20i64, 0..4i64, any::<[bool; 2]>()).prop_map(|(state, version, epoch, joined)| Look {
        patient: PatientId(uuid::Uuid::nil()),
        state: STATES[state],
        version,
        epoch,
        admitted_at: Some(Timestamp(0)),
        joined,
    });
    prop_oneof![
        (socket.clone(), party).prop_map(|(socket, party)| Event::Opened { socket, party }),
        (socket.clone(), any::<bool>()).prop_map(|(socket, goodbye)| Event::Closed { socket, goodbye }),
        look.clone().prop_map(Event::Looked),
        (socket.clone(), look, any::<bool>()).prop_map(|(socket, look, connected)| Event::Took { socket, look, connected }),
        (socket.clone(), 0..4i64).prop_map(|(socket, epoch)| Event::Connected { socket, epoch }),
        (socket, 0..4i64).prop_map(|(socket, epoch)| Event::Frame { socket, epoch }),
        Just(Event::Ticked),
    ]
}

proptest! {
    /// The promise of RTC-04, over any order of events: a frame passes only while the visit is admitted, under its
    /// epoch, from the page that holds the call to the page on the other side that holds it.
    #[test]
    fn nothing_passes_but_between_the_two_holders_of_an_admitted_visit(events in vec(any_event(), 0..80)) {
        let mut room = Room::default();
        let mut left = std::collections::BTreeSet::new();
        for (at, event) in events.into_iter().enumerate() {
            // A socket opens once, as one party.
            if let Event::Opened { socket, .. } = event && room.party(socket).is_some() {
                continue;
            }
            let before = room.clone();
            for effect in room.apply(event, Timestamp(at as i64 * 60_000)) {
                if let Effect::Relay { to } = effect {
                    let Event::Frame { socket, epoch } = event else { panic!("only a frame is relayed") };
                    let look = before.look.expect("a frame passed in a room that was never looked up");
                    prop_assert!(look.admitted() && look.epoch == epoch);
                    prop_assert!(before.holders.contains(&Some(socket)) && before.holders.contains(&Some(to)));
                    prop_assert!(before.party(socket) != before.party(to));
                }
                if let Effect::Left { party, epoch, connected, .. } = effect {
                    prop_assert!(left.insert((party, epoch)), "one for each party and epoch");
                    prop_assert!(connected >= Millis(0));
                }
                if let Effect::Tell { socket } | Effect::Relay { to: socket } = effect {
                    prop_assert!(room.party(socket).is_some(), "nobody is told through a closed socket");
                }
            }
            prop_assert_eq!(room.patient_away_since.is_some() || !events_began(&room), !room.present(Party::Patient));
            for party in Party::BOTH {
                let holds = room.holders[party.index()].is_some();
                prop_assert_eq!(room.whereabouts(party) == Whereabouts::InCall, holds);
                prop_assert!(!(holds && room.parted[party.index()]), "who holds the call has not left it");
            }
            for (index, holder) in room.holders.iter().enumerate() {
                if let Some(holder) = holder {
                    prop_assert_eq!(room.party(*holder).map(Party::index), Some(index), "a holder is an open page of its party");
                    prop_assert!(room.look.is_some_and(|look| look.admitted()), "nobody holds a call that is not");
                }
            }
        }
    }
}

/// `Room::default` has never seen the patient, so it does not know since when they are away.
fn events_began(room: &Room) -> bool {
    room.patient_away_since.is_some() || room.present(Party::Patient)
}

fn look(state: VisitState, version: i64, epoch: i64) -> Look {
    let patient = PatientId(uuid::Uuid::nil());
    Look { patient, state, version, epoch, admitted_at: Some(Timestamp(0)), joined: [true; 2] }
}

fn admitted(version: i64, epoch: i64) -> Event {
    Event::Looked(look(VisitState::Checking, version, epoch))
}

fn took(socket: u64, version: i64, epoch: i64) -> Event {
    Event::Took { socket: SocketId(socket), look: look(VisitState::Checking, version, epoch), connected: false }
}

/// A room with a patient's page 1 and a clinician's page 2, both holding the call of epoch 1.
fn in_call() -> Room {
    let mut room = Room::new(Timestamp(0));
    let (patient, clinician) = (SocketId(1), SocketId(2));
    for event in [
        Event::Opened { socket: patient, party: Party::Patient },
        Event::Opened { socket: clinician, party: Party::Clinician },
        admitted(1, 1),
        took(patient.0, 1, 1),
        took(clinician.0, 1, 1),
    ] {
        room.apply(event, Timestamp(0));
    }
    room
}

#[test]
fn a_frame_of_an_older_epoch_goes_nowhere() {
    let mut room = in_call();
    let frame = |epoch| Event::Frame { socket: SocketId(2), epoch };
    assert_eq!(room.apply(frame(1), Timestamp(0)), [Effect::Relay { to: SocketId(1) }]);
    room.apply(admitted(2, 2), Timestamp(0));
    assert_eq!(room.apply(frame(1), Timestamp(0)), [Effect::Drop]);
    assert_eq!(room.apply(frame(2), Timestamp(0)), [Effect::Relay { to: SocketId(1) }]);
}

#[test]
fn the_newest_tab_takes_the_call_and_the_older_one_is_told() {
    let mut room = in_call();
    room.apply(Event::Opened { socket: SocketId(3), party: Party::Patient }, Timestamp(0));
    let effects = room.apply(took(3, 1, 1), Timestamp(0));
    assert_eq!(effects, [Effect::Tell { socket: SocketId(3) }, Effect::Supersede { socket: SocketId(1) }]);
    assert_eq!(room.apply(Event::Frame { socket: SocketId(1), epoch: 1 }, Timestamp(0)), [Effect::Drop]);
}

#[test]
fn an_admission_lapses_when_the_page_stays_away_for_two_minutes() {
    let mut room = in_call();
    assert_eq!(room.apply(Event::Ticked, Timestamp(0) + Millis::minutes(5)), [], "the page is here");
    room.apply(Event::Closed { socket: SocketId(1), goodbye: false }, Timestamp(0) + Millis::minutes(5));
    assert_eq!(room.apply(Event::Ticked, Timestamp(0) + Millis::minutes(6)), []);
    assert!(room.apply(Event::Ticked, Timestamp(0) + Millis::minutes(7)).contains(&Effect::Lapse));
}

#[test]
fn both_sides_hear_when_the_other_comes_and_goes() {
    let mut room = in_call();
    let gone = room.apply(Event::Closed { socket: SocketId(1), goodbye: false }, Timestamp(0));
    assert_eq!(gone, [Effect::Tell { socket: SocketId(2) }, Effect::DayChanged]);
    let back = room.apply(Event::Opened { socket: SocketId(4), party: Party::Patient }, Timestamp(0));
    assert_eq!(back, [Effect::Tell { socket: SocketId(4) }, Effect::Tell { socket: SocketId(2) }, Effect::DayChanged]);
}

#[test]
fn a_page_that_goes_for_good_has_left_until_it_takes_the_call_again() {
    let mut room = in_call();
    let (gone, clinician) = (SocketId(1), SocketId(2));
    assert_eq!(room.whereabouts(Party::Patient), Whereabouts::InCall);
    let effects = room.apply(Event::Closed { socket: gone, goodbye: true }, Timestamp(0));
    assert!(effects.contains(&Effect::Tell { socket: clinician }));
    assert_eq!(room.whereabouts(Party::Patient), Whereabouts::Left);
    room.apply(Event::Opened { socket: SocketId(3), party: Party::Patient }, Timestamp(0));
    assert_eq!(room.whereabouts(Party::Patient), Whereabouts::Back);
    // Whatever the other side does in between.
    room.apply(took(clinician.0, 2, 2), Timestamp(0));
    assert_eq!(room.whereabouts(Party::Patient), Whereabouts::Back);
    room.apply(took(3, 3, 3), Timestamp(0));
    assert_eq!(room.whereabouts(Party::Patient), Whereabouts::InCall);
}

#[test]
fn the_page_in_the_call_goes_while_another_tab_stays_and_the_other_side_is_told() {
    let mut room = in_call();
    room.apply(Event::Opened { socket: SocketId(3), party: Party::Patient }, Timestamp(0));
    let effects = room.apply(Event::Closed { socket: SocketId(1), goodbye: true }, Timestamp(0));
    assert!(effects.contains(&Effect::Tell { socket: SocketId(2) }));
    assert_eq!(room.whereabouts(Party::Patient), Whereabouts::Back);
}

#[test]
fn a_page_that_lost_its_socket_is_in_the_call_again_as_soon_as_it_holds_it() {
    let mut room = in_call();
    room.apply(Event::Closed { socket: SocketId(1), goodbye: false }, Timestamp(0));
    assert_eq!(room.whereabouts(Party::Patient), Whereabouts::Lost);
    room.apply(Event::Opened { socket: SocketId(4), party: Party::Patient }, Timestamp(0));
    let resumed = Event::Took { socket: SocketId(4), look: look(VisitState::Checking, 1, 1), connected: true };
    let told = [Effect::Tell { socket: SocketId(4) }, Effect::Tell { socket: SocketId(2) }];
    assert_eq!(room.apply(resumed, Timestamp(0)), told);
    assert_eq!(room.whereabouts(Party::Patient), Whereabouts::InCall);
}

/// Who left which epoch, connected for how many seconds, and why.
fn left(effects: Vec<Effect>) -> Vec<(Party, i64, i64, CallLeftWhy)> {
    let left = effects.into_iter().filter_map(|effect| match effect {
        Effect::Left { party, epoch, connected, why, .. } => Some((party, epoch, connected.0 / 1_000, why)),
        _ => None,
    });
    left.collect()
}

/// [`in_call`], both connected since second 10.
fn connected() -> Room {
    let mut room = in_call();
    for socket in [1, 2] {
        room.apply(Event::Connected { socket: SocketId(socket), epoch: 1 }, seconds(10));
    }
    room
}

fn seconds(count: i64) -> Timestamp {
    Timestamp(count * 1_000)
}

#[test]
fn a_goodbye_ends_a_partys_part_at_once_and_the_other_goes_on() {
    let mut room = connected();
    let bye = Event::Closed { socket: SocketId(1), goodbye: true };
    assert_eq!(left(room.apply(bye, seconds(70))), [(Party::Patient, 1, 60, CallLeftWhy::Closed)]);
    let ended = Event::Looked(look(VisitState::Ended, 2, 2));
    assert_eq!(left(room.apply(ended, seconds(80))), [(Party::Clinician, 1, 70, CallLeftWhy::Ended)]);
}

#[test]
fn a_lost_socket_ends_nothing_until_it_stays_away() {
    let mut room = connected();
    let lost = Event::Closed { socket: SocketId(1), goodbye: false };
    assert_eq!(left(room.apply(lost, seconds(40))), []);
    assert_eq!(left(room.apply(Event::Ticked, seconds(100))), []);
    room.apply(Event::Opened { socket: SocketId(5), party: Party::Patient }, seconds(110));
    room.apply(took(5, 1, 1), seconds(110));
    assert_eq!(left(room.apply(Event::Ticked, seconds(900))), [], "it came back to the connection of its epoch");
    room.apply(Event::Closed { socket: SocketId(5), goodbye: false }, seconds(910));
    assert_eq!(left(room.apply(Event::Ticked, seconds(1_030))), [(Party::Patient, 1, 900, CallLeftWhy::Lost)], "until it was seen last");
    assert_eq!(left(room.apply(Event::Ticked, seconds(2_000))), [], "once");
    assert!(room.has_left(Party::Patient, 1) && !room.has_left(Party::Clinician, 1));
}

#[test]
fn a_newer_page_ends_both_parts_of_the_epoch_before() {
    let mut room = connected();
    room.apply(Event::Opened { socket: SocketId(3), party: Party::Patient }, seconds(20));
    let both = [(Party::Patient, 1, 10, CallLeftWhy::Superseded), (Party::Clinician, 1, 10, CallLeftWhy::Renewed)];
    assert_eq!(left(room.apply(took(3, 2, 2), seconds(20))), both);
    let put_back = Event::Looked(look(VisitState::Waiting, 3, 3));
    let both = [(Party::Patient, 2, 0, CallLeftWhy::PutBack), (Party::Clinician, 2, 0, CallLeftWhy::PutBack)];
    assert_eq!(left(room.apply(put_back, seconds(30))), both);
}

#[test]
fn a_room_that_was_built_anew_knows_who_was_in_the_call() {
    let mut room = Room::new(seconds(0));
    room.apply(admitted(7, 4), seconds(0));
    assert_eq!(left(room.apply(Event::Ticked, seconds(60))), []);
    assert_eq!(left(room.apply(Event::Looked(look(VisitState::Ended, 8, 5)), seconds(90))).len(), 2);
    let mut room = Room::new(seconds(0));
    room.apply(admitted(7, 4), seconds(0));
    let gone = [(Party::Patient, 4, 0, CallLeftWhy::Lost), (Party::Clinician, 4, 0, CallLeftWhy::Lost)];
    assert_eq!(left(room.apply(Event::Ticked, seconds(120))), gone);
}
