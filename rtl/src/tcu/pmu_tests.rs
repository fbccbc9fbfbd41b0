//! The performance monitors: their two forms, and what counts.

use super::*;
use crate::drive;
use crate::params::{MINI, MULTI};
use crate::testing::{equivalence, synthesis_check, tick};

const EVCNTR: u32 = 0;
const EVTYPER: u32 = 1;
const CGCR: u32 = 2;
const CGSMR: u32 = 3;
const CNTENSET: u32 = 4;
const INTENSET: u32 = 6;
const OVSCLR: u32 = 8;
const OVSSET: u32 = 9;
const CONTROL: u32 = 10;
const IN_BANK: u32 = 16;

const GROUP_ON: u32 = 1 << 11;
const BY_STREAM: u32 = 1 << 8;
const BY_BANK: u32 = 2 << 8;
/// Counts privileged and unprivileged: P = NSP, U = NSU.
const ALL: u32 = 0;
const PRIVILEGED_ONLY: u32 = 1 << 28;
const UNPRIVILEGED_ONLY: u32 = 1 << 31;

const ACCESS: u32 = 0x10;
const ACCESS_READ: u32 = 0x11;
const REFILL: u32 = 8;
const REFILL_READ: u32 = 9;

fn event(write: bool, privileged: bool, stream: u32, bank: Option<u32>) -> u32 {
    let bank = bank.map_or(0, |bank| 1 << 26 | bank << 19);
    1 | u32::from(write) << 1 | u32::from(privileged) << 2 | stream << 3 | bank
}

struct Rig(Pmu);

impl Rig {
    fn new() -> Self {
        Self::of(&MINI)
    }

    fn of(sizes: &Params) -> Self {
        let mut pmu = Pmu::new(&sizes.with_everything());
        pmu.connect_all();
        tick(&mut pmu, |b| &mut b.clock);
        pmu.aresetn.next = true;
        Rig(pmu)
    }

    fn cycle(&mut self) {
        tick(&mut self.0, |b| &mut b.clock);
    }

    fn at(&mut self, code: u32, number: u32, bank: u32) {
        self.0.code.next = code.into();
        self.0.number.next = number.into();
        self.0.bank.next = bank.into();
    }

    fn write(&mut self, code: u32, number: u32, data: u32) {
        self.at(code, number, 0);
        self.write_here(data);
    }

    fn write_here(&mut self, data: u32) {
        self.0.we.next = true;
        self.0.data.next = data.into();
        self.cycle();
        self.0.we.next = false;
    }

    fn read(&mut self, code: u32, number: u32) -> u32 {
        self.at(code, number, 0);
        assert!(simulate(&mut self.0, 100));
        self.0.value.val().u64() as u32
    }

    fn read_in_bank(&mut self, code: u32, number: u32, bank: u32) -> u32 {
        self.at(IN_BANK | code, number, bank);
        assert!(simulate(&mut self.0, 100));
        self.0.value.val().u64() as u32
    }

    /// Counters 0 to 3 count these; the group runs with this configuration.
    fn counting(what: [u32; 4], cgcr: u32) -> Self {
        let mut rig = Rig::new();
        for (n, what) in (0..).zip(what) {
            rig.write(EVTYPER, n, what);
        }
        rig.write(CGCR, 0, GROUP_ON | cgcr);
        rig.write(CNTENSET, 0, 15);
        rig.write(CONTROL, 0, 1);
        rig
    }

    /// The same with these events.
    fn events(&mut self, read: u32, written: u32, refused: u32, refill: u32) {
        self.0.read.next = read.into();
        self.0.written.next = written.into();
        self.0.refused.next = refused.into();
        self.0.refill.next = refill.into();
        self.events_of_now();
    }

    /// One cycle with the events that stand there, and the cycles that they take to be counted.
    fn events_of_now(&mut self) {
        self.cycle();
        self.0.read.next = 0.into();
        self.0.written.next = 0.into();
        self.0.refused.next = 0.into();
        self.0.refill.next = 0.into();
        self.cycle();
        self.cycle();
    }

    fn counts(&mut self) -> [u32; 4] {
        [0, 1, 2, 3].map(|n| self.read(EVCNTR, n))
    }
}

#[test]
fn synthesizes() {
    synthesis_check(Pmu::new(&MINI.with_everything()));
    synthesis_check(Pmu::new(&MULTI.with_everything()));
    synthesis_check(PmuGroup::default());
}

#[test]
fn verilog_agrees() {
    agrees(&MINI, 8000);
    agrees(&MULTI, 4000);
}

fn agrees(sizes: &'static Params, cycles: usize) {
    let mut pick = 0u64;
    equivalence(
        || Pmu::new(&sizes.with_everything()),
        cycles,
        1,
        drive!(clock, aresetn, read, written, refused, refill, code, number, bank, we, data),
        move |s| {
            pick += 1;
            s.often("we", 1, 10);
            if s.get("code") & 15 == 0 {
                // Counters near their end, so that they wrap.
                let value = 0xFFFF_FFF0u32 | s.random.below(16) as u32;
                s.set("data", value);
            }
            s.below("bank", 3);
            if pick.is_multiple_of(3) {
                s.set("code", 0u32);
            }
        },
    );
}

#[test]
fn each_event_counts_what_it_says() {
    let mut rig = Rig::counting([ACCESS, ACCESS_READ, REFILL, REFILL_READ].map(|event| ALL | event), 0);
    let (read, write) = (event(false, false, 5, Some(1)), event(true, true, 6, None));
    rig.events(read, write, read, write);
    assert_eq!(rig.counts(), [3, 2, 1, 0], "a read, a write, a refused read; the refill of a write");
    rig.events(read, write, write, read);
    assert_eq!(rig.counts(), [6, 3, 2, 1]);
    rig.events(0, 0, 0, 0);
    assert_eq!(rig.counts(), [6, 3, 2, 1], "nothing happened");
}

#[test]
fn cycles_and_cycles_by_64() {
    let mut rig = Rig::counting([0, 1, PRIVILEGED_ONLY, UNPRIVILEGED_ONLY | 1], BY_BANK | 3);
    let before = rig.counts();
    for _ in 0..640 {
        rig.cycle();
    }
    let after = rig.counts();
    let counted: Vec<u32> = before.iter().zip(after).map(|(before, after)| after - before).collect();
    assert_eq!(counted, [640, 10, 640, 10], "no filter matters to cycles");
}

#[test]
fn filters_by_stream_by_bank_and_by_privilege() {
    let what = [ACCESS, PRIVILEGED_ONLY | ACCESS, UNPRIVILEGED_ONLY | ACCESS, 0xF000_0000 | ACCESS];
    for (cgcr, expected) in [(0, [4, 2, 2, 4]), (BY_STREAM, [2, 1, 1, 2]), (BY_BANK | 2, [1, 1, 0, 1]), (3 << 8, [4, 2, 2, 4])] {
        let mut rig = Rig::counting(what, cgcr);
        // Stream 0x30X.
        rig.write(CGSMR, 0, 0x000F_0305);
        rig.events(event(false, true, 0x301, Some(2)), event(true, false, 0x30F, Some(1)), 0, 0);
        rig.events(0, event(true, true, 0x310, None), event(false, false, 0x701, Some(3)), 0);
        assert_eq!(rig.counts(), expected, "PMCGCR {cgcr:#x}");
    }
}

#[test]
fn a_counter_counts_only_if_all_three_enables_are_set() {
    for off in 0..4 {
        let mut rig = Rig::counting([ACCESS; 4], 0);
        match off {
            0 => rig.write(CONTROL, 0, 0),
            1 => rig.write(CGCR, 0, 0),
            2 => rig.write(CNTENSET + 1, 0, 7),
            _ => {}
        }
        let read = event(false, false, 1, None);
        rig.events(read, 0, 0, 0);
        let expected = match off {
            0 | 1 => [0; 4],
            2 => [0, 0, 0, 1],
            _ => [1; 4],
        };
        assert_eq!(rig.counts(), expected);
    }
}

#[test]
fn a_wrap_sets_the_status_and_asks_for_an_interrupt() {
    let mut rig = Rig::counting([ACCESS; 4], 0);
    rig.write(EVCNTR, 2, 0xFFFF_FFFE);
    let read = event(false, false, 1, None);
    rig.events(read, 0, 0, 0);
    assert_eq!((rig.read(OVSCLR, 0), rig.counts()[2]), (0, 0xFFFF_FFFF));
    rig.events(read, read, 0, 0);
    assert_eq!((rig.read(OVSCLR, 0), rig.counts()[2]), (4, 1));
    assert!(!rig.0.irq.val(), "not enabled");
    rig.write(INTENSET, 0, 4);
    rig.cycle();
    rig.cycle();
    assert!(rig.0.irq.val());
    rig.write(OVSCLR, 0, 4);
    rig.cycle();
    rig.cycle();
    assert!(!rig.0.irq.val());
    rig.write(OVSSET, 0, 6);
    assert_eq!(rig.read(OVSSET, 0), 6);
    rig.cycle();
    assert!(rig.0.irq.val());
    rig.write(INTENSET + 1, 0, 4);
    rig.cycle();
    rig.cycle();
    assert!(!rig.0.irq.val(), "1 has no enable");
}

#[test]
fn pmcr_p_makes_all_counters_zero() {
    let mut rig = Rig::counting([ACCESS; 4], 0);
    for n in 0..4 {
        rig.write(EVCNTR, n, 100 + n);
    }
    rig.write(CONTROL, 0, 3);
    assert_eq!(rig.counts(), [0; 4]);
    assert_eq!((rig.read(CONTROL, 0), rig.read(EVTYPER, 1)), (1, ACCESS), "P reads as zero, the rest stays");
}

#[test]
fn a_bank_sees_the_group_that_is_given_to_it() {
    let mut rig = Rig::counting([ACCESS; 4], 2);
    rig.write(EVCNTR, 1, 77);
    assert_eq!(rig.read_in_bank(EVCNTR, 1, 2), 0, "CBAEN is not set");
    rig.write(CGCR, 0, GROUP_ON | 1 << 10 | 2);
    for (bank, there) in [(2, true), (1, false), (3, false)] {
        let shown = |value: u32| if there { value } else { 0 };
        assert_eq!(rig.read_in_bank(EVCNTR, 1, bank), shown(77));
        assert_eq!(rig.read_in_bank(EVCNTR, 5, bank), 0, "four counters");
        assert_eq!(rig.read_in_bank(EVTYPER, 0, bank), shown(ACCESS));
        assert_eq!(rig.read_in_bank(CNTENSET, 0, bank), shown(15));
        assert_eq!(rig.read_in_bank(CONTROL, 0, bank), shown(1));
        assert_eq!(rig.read_in_bank(11, 0, bank), shown(0x0001_1F03));
        assert_eq!((rig.read_in_bank(12, 0, bank), rig.read_in_bank(12, 1, bank)), (shown(0x0003_0303), 0));
        rig.at(IN_BANK | EVCNTR, 1, bank);
        rig.write_here(99);
        assert_eq!(rig.read(EVCNTR, 1), if there { 99 } else { 77 });
        rig.write(EVCNTR, 1, 77);
    }
}

#[test]
fn each_tbu_has_a_group_of_its_own() {
    let mut rig = Rig::of(&MULTI);
    assert_eq!(rig.read(11, 0), 0x0301_1F0F, "PMCFGR: four groups, sixteen counters");
    for counter in 0..16 {
        rig.write(EVTYPER, counter, ACCESS);
    }
    for group in 0..4 {
        // Groups 1 and 3 are the bank's, the lower one is what it sees.
        let bank = 1 << 10 | if group % 2 == 1 { 5 } else { 6 + group };
        rig.write(CGCR, group, GROUP_ON | bank);
    }
    rig.write(CNTENSET, 0, 0xFFFF);
    rig.write(CNTENSET + 1, 0, 0x0020);
    rig.write(CONTROL, 0, 1);
    assert_eq!((rig.read(CNTENSET, 0), rig.read_in_bank(CNTENSET, 0, 5)), (0xFFDF, 0xD));
    let read = |port: u32| u128::from(event(false, false, 7, None)) << (27 * port);
    for port in [1, 3, 3] {
        rig.0.read.next = Word::new(read(port));
        rig.cycle();
    }
    rig.0.read.next = Word::new(read(0) | read(2));
    rig.events_of_now();
    let counts: Vec<u32> = (0..16).map(|n| rig.read(EVCNTR, n)).collect();
    assert_eq!(counts, [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2]);
    assert_eq!((rig.read_in_bank(EVCNTR, 2, 5), rig.read_in_bank(EVCNTR, 1, 5), rig.read_in_bank(EVCNTR, 0, 7)), (1, 0, 0));
    rig.at(IN_BANK | CNTENSET, 0, 8);
    rig.write_here(0);
    rig.at(IN_BANK | INTENSET, 0, 8);
    rig.write_here(6);
    assert_eq!(rig.read(INTENSET, 0), 0x0600, "the bits of group 2");
    rig.write(OVSSET, 0, 0x8000);
    assert_eq!((rig.read_in_bank(OVSSET, 0, 8), rig.read(OVSCLR, 0), rig.0.irq.val()), (0, 0x8000, false));
    rig.write(OVSSET, 0, 0x0200);
    rig.cycle();
    rig.cycle();
    assert!(rig.0.irq.val());
}
