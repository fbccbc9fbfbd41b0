//! Whole replays: the three recordings, hardware that is wrong in one way, and what is skipped.

use super::fit::{nearest, recorded};
use super::parse::parse;
use super::replay::replay;
use super::report::Report;
use super::target::{Answer, ModelTarget, Target};
use super::{rwmmio, Recording, Status};
use crate::bench::BenchError;
use smmu_rtl::params::{Features, Params, MINI, ZYNQMP};
use smmu_sim::model::Access;

fn file(name: &str) -> Recording {
    let path = format!("{}/recordings/linux-6.1-{name}.rec", env!("CARGO_MANIFEST_DIR"));
    parse(&std::fs::read_to_string(path).expect("a recording")).expect("one that can be read")
}

fn on(recording: &Recording, params: &Params) -> Report {
    replay(recording, params, &mut ModelTarget::new(params), &mut |_| ())
}

#[test]
fn the_recordings_replay_on_the_model_with_nothing_skipped() {
    for (name, transactions) in [("mmu500", 2074), ("qcom", 2074), ("s2", 2074)] {
        let recording = file(name);
        let report = on(&recording, &recorded(&recording));
        assert!(report.ok, "{report}");
        assert_eq!(report.phases.len(), 16, "{name}");
        assert_eq!(report.phases[4].name, "translate");
        assert!(report.total().compared > transactions, "{name}");
        assert_eq!(report.total().skipped, 0, "{report}");
    }
}

#[test]
fn the_recordings_fit_the_presets_with_their_identification() {
    let fits = ["mmu500", "s2", "qcom"].map(|name| nearest(&file(name)).name);
    assert_eq!(fits, ["zynqmp", "zynqmp", "sm8550"], "48 groups, 16 banks, 48 bits; 128, 64, 36 bits");
    let params = recorded(&file("qcom"));
    assert_eq!((params.num_smr, params.num_cb, params.num_page, params.output_bits()), (128, 64, 64, 36));
    assert!(params.features.ats && !params.features.stage2 && !params.straps.granule_16k);
    assert!(recorded(&file("s2")).features.nested);
}

#[test]
fn what_hardware_has_not_is_skipped_and_said() {
    let report = on(&file("mmu500"), &ZYNQMP.with_features(Features { ats: false, ..ZYNQMP.features }));
    assert!(report.ok, "{report}");
    // 29 operations, each a write, a poll and a result.
    assert_eq!(report.skipped.get("address translation operations"), Some(&(3 * 29)), "{report}");
    assert_eq!(report.total().skipped, 3 * 29);
    let report = on(&file("s2"), &ZYNQMP.with_features(Features::STAGE1));
    assert!(report.ok, "{report}");
    assert!(report.skipped["stage-2 banks"] > 2000, "{report}");
    // Fewer banks and groups: the driver's traffic is in banks 0 and 1 and groups 0 to 3.
    let report = on(&file("qcom"), &MINI.with_features(Features { ats: true, ..Features::STAGE1 }));
    assert!(report.ok, "{report}");
    assert!(report.skipped.contains_key("stream groups that are not there"), "{report}");
    assert!(report.skipped.contains_key("banks that are not there"), "{report}");
}

/// A model that is wrong in one way.
struct Wrong {
    model: ModelTarget,
    /// Register writes that it does not see, by offset in a 4 KiB page.
    deaf: std::ops::Range<u32>,
    /// Reads of this offset show one bit more.
    noisy: Option<u32>,
    /// Interrupts stay low.
    silent: bool,
}

fn wrong(params: &Params) -> Wrong {
    Wrong { model: ModelTarget::new(params), deaf: 0..0, noisy: None, silent: false }
}

impl Target for Wrong {
    fn add_memory(&mut self, start: u64, bytes: u64) {
        self.model.add_memory(start, bytes);
    }
    fn set_word(&mut self, pa: u64, word: u64) -> Result<(), BenchError> {
        self.model.set_word(pa, word)
    }
    fn write(&mut self, offset: u32, value: u64, bytes: u8) -> Result<(), BenchError> {
        if self.deaf.contains(&(offset & 0xFFF)) {
            return Ok(());
        }
        self.model.write(offset, value, bytes)
    }
    fn read(&mut self, offset: u32, bytes: u8) -> Result<u64, BenchError> {
        let value = self.model.read(offset, bytes)?;
        Ok(if self.noisy == Some(offset) { value ^ 1 << 3 } else { value })
    }
    fn transact(&mut self, access: &Access, stalls: bool) -> Result<Answer, BenchError> {
        self.model.transact(access, stalls)
    }
    fn interrupt(&mut self, line: u32) -> Result<bool, BenchError> {
        Ok(!self.silent && self.model.interrupt(line)?)
    }
    fn pass(&mut self, ns: u64) -> Result<(), BenchError> {
        self.model.pass(ns)
    }
    fn reset(&mut self) -> Result<(), BenchError> {
        self.model.reset()
    }
    fn cycles(&self) -> u64 {
        0
    }
    fn finish(&mut self) -> Result<(), BenchError> {
        self.model.finish()
    }
}

#[test]
fn an_invalidation_that_is_lost_is_named() {
    let recording = file("mmu500");
    let params = recorded(&recording);
    let mut target = Wrong { deaf: 0x600..0x640, ..wrong(&params) };
    let report = replay(&recording, &params, &mut target, &mut |_| ());
    assert!(!report.ok);
    let first = report.first_difference.expect("a difference");
    assert_eq!(first.phase, "unmap");
    assert!(first.recorded.contains("is aborted") && first.here.starts_with("goes to"), "{first:?}");
    let text = first.explanation.join("\n");
    assert!(text.contains("unmaps it: domain A"), "{text}");
    assert!(text.contains("The walk reads 0x"), "{text}");
    assert!(text.contains("What happens here is what the tables said before line"), "{text}");
    assert!(text.contains("CB_TLBIVAL of bank 0 in line") && text.contains("should have dropped it"), "{text}");
}

#[test]
fn a_lost_stage_2_invalidation_is_named() {
    let recording = file("s2");
    let params = recorded(&recording);
    let mut target = Wrong { deaf: 0x600..0x640, ..wrong(&params) };
    let report = replay(&recording, &params, &mut target, &mut |_| ());
    let text = report.first_difference.expect("a difference").explanation.join("\n");
    assert!(text.contains("CB_TLBIIPAS2L of bank 0 in line"), "{text}");
}

#[test]
fn wrong_registers_and_interrupts_are_found() {
    let recording = file("mmu500");
    let params = recorded(&recording);
    // FSR of bank 0.
    let mut target = Wrong { noisy: Some(0x1_0058), ..wrong(&params) };
    let first = replay(&recording, &params, &mut target, &mut |_| ()).first_difference.expect("a difference");
    assert!(first.what.contains("CB0_FSR"), "{first:?}");
    assert!(first.explanation[0].starts_with("Recorded are the bits TF, here are PF TF"), "{first:?}");
    assert!(first.explanation[1].contains("shows 0x402: as recorded"), "{first:?}");
    let mut target = Wrong { silent: true, ..wrong(&params) };
    let first = replay(&recording, &params, &mut target, &mut |_| ()).first_difference.expect("a difference");
    assert!(first.what.contains("interrupt") && first.here == "low" && first.recorded == "high", "{first:?}");
}

/// A stage-1 bank, its tables for one page, and an access; then `rest`.
fn program(rest: &str) -> Recording {
    let text = format!(
        "# ram 0x80000000 0x10000 pgshift 12 numpage 16
# phase one
W 4 0xc00 0x3 S2CR0
W 4 0x800 0x80000300 SMR0
W 4 0x180c 1 CBA2R3
W 4 0x100c 0x1f300 CBAR3
W 4 0x13010 0x38015 TCR2
W 4 0x13030 0x800019 TCR
W 8 0x13020 0x80000000 TTBR0
P 0x80000000 0x80001003
P 0x80001000 0x80002003
# map A iova=0x1000 pa=0x440000000 size=0x1000 prot=0x3
P 0x80002008 0x440000fc3
W 4 0x13000 0x61 SCTLR
W 4 0 0x200406 sCR0
T 0x300 0x1234 0 0 0x440000234 good
{rest}"
    );
    parse(&text).expect("good")
}

#[test]
fn what_is_compared_and_what_is_noted() {
    let good = "R 4 0x13058 0 FSR\nT 0x300 0x2000 1 1 0 none\nI 4 1\nR 4 0x13058 0x402 FSR\nR 4 0x13068 0x10 FSYNR0\nR 8 0x13060 0x2000 FAR
R 4 0x140c 0x300 CBFRSYNRA3\nW 4 0x13058 0x402 FSR\nI 4 0\nK 1000\nR 4 0x10 0x1234 sACR\nR 4 0x137f4 0 TLBSTATUS";
    let report = on(&program(good), &ZYNQMP);
    assert!(report.ok, "{report}");
    // FSYNR0 has its level too, and sACR is another: notes. The first FSR was not written yet: a note if it differed.
    let notes: Vec<_> = report.notes.iter().map(|note| (note.register.as_str(), note.recorded, note.here)).collect();
    assert_eq!(notes, [("FSYNR0", 0x10, 0x13), ("sACR", 0x1234, 0x0400_001C)]);
    for (bad, what) in [
        ("T 0x300 0x1234 0 0 0x440000238 x", "goes to 0x440000238"),
        ("T 0x300 0x1234 0 1 0 x", "is aborted"),
        ("T 0x300 0x2000 0 2 0 x", "reads as zero or is ignored"),
        ("T 0x300 0x2000 0 3 0 x", "stalls"),
        ("T 0x300 0x2000 1 1 0 x\nR 4 0x13068 0x0 FSYNR0", "0x0 (compared: 0x10)"),
        ("I 4 1", "high"),
        ("R 8 0x13060 0x1 FAR", "0x1"),
        ("W 4 0x800 0x300 SMR\nR 4 0x800 0x301 SMR", "0x301 (compared: 0x7fff7fff)"),
    ] {
        let report = on(&program(bad), &ZYNQMP);
        let first = report.first_difference.clone().unwrap_or_else(|| panic!("{bad}: {report}"));
        assert_eq!(first.recorded, what, "{bad}");
        assert!(!report.ok && report.to_string().contains("NOT AS RECORDED"));
    }
}

#[test]
fn an_entry_that_nobody_dropped_is_said_to_be_cached() {
    let report = on(&program("# unmap A iova=0x1000 size=0x1000\nP 0x80002008 0\nT 0x300 0x1234 0 1 0 after unmap"), &ZYNQMP);
    let text = report.first_difference.expect("a difference").explanation.join("\n");
    assert!(text.contains("Of 0 maintenance commands since then none names it"), "{text}");
    let report = on(&program("T 0x300 0x9000 0 0 0x1000 x"), &ZYNQMP);
    let text = report.first_difference.expect("a difference").explanation.join("\n");
    assert!(text.contains("never asked to map 0x9000") && text.contains("TF at level 3 in bank 3"), "{text}");
    assert!(text.contains("not what it wrote into registers and tables"), "{text}");
}

#[test]
fn memory_that_is_not_there_breaks_off() {
    let report = on(&program("P 0x90000000 1"), &ZYNQMP);
    assert!(!report.ok);
    assert!(report.broken.expect("a reason").contains("0x90000000"));
}

#[test]
fn addresses_that_do_not_fit_are_skipped() {
    let report = on(&program("T 0x300 0x4000000000001000 0 1 0 x\nT 0x8300 0x1000 0 1 0 x"), &ZYNQMP);
    assert!(report.ok, "{report}");
    assert_eq!(report.skipped.get("addresses that do not fit the client port"), Some(&1));
    assert_eq!(report.skipped.get("StreamIDs of 16 bits"), Some(&1));
    // A sign-extended one fits.
    let report = on(&program("T 0x300 0xfffffffffffff000 0 1 0 upper half"), &ZYNQMP);
    assert!(report.ok && report.skipped.is_empty(), "{report}");
}

#[test]
fn a_stalled_transaction_is_as_recorded() {
    let without = ZYNQMP.with_features(Features { stall: false, ..ZYNQMP.features });
    let rest = "W 4 0x13000 0xe1 SCTLR\nT 0x300 0x2000 0 3 0 stalls\nR 4 0x13058 0x40000402 FSR\nW 4 0x13058 0x40000402 FSR
I 4 1\nW 4 0x13008 1 RESUME\nI 4 0\nT 0x300 0x1234 0 0 0x440000234 goes on";
    let report = on(&program(rest), &ZYNQMP);
    assert!(report.ok && report.skipped.is_empty(), "{report}");
    let report = on(&program(rest), &without);
    assert!(report.ok && report.skipped["banks that stall"] > 0, "{report}");
}

#[test]
fn the_register_space_of_a_recording_is_moved() {
    // Recorded with 64 KiB pages and 64 of them; the bank's SCTLR and an access above 4 KiB.
    let text = "# ram 0x80000000 0x1000 pgshift 16 numpage 64\nW 4 0x430000 0x141 CB3_SCTLR\nR 4 0x430000 0x141 CB3_SCTLR
R 4 0x431000 0 x\nR 4 0x5f0000 0 CB31_SCTLR";
    let report = on(&parse(text).expect("good"), &ZYNQMP);
    assert!(report.ok && report.notes.is_empty(), "{report}");
    assert_eq!(report.skipped.values().sum::<usize>(), 2, "{report}");
    assert_eq!(report.phases[0].name, "(start)");
}

#[test]
fn a_trace_of_a_live_machine() {
    let text = "
 a-1 [000] 1.0: rwmmio_post_read: f -> g width=32 val=0x30000010 addr=0xffff800010000024
 a-1 [000] 1.0: rwmmio_write: f -> g width=32 val=0x7fff addr=0xffff800010000800
 a-1 [000] 1.0: rwmmio_post_read: f -> g width=32 val=0x7fff addr=0xffff800010000800
 a-1 [000] 1.0: rwmmio_post_read: f -> g width=32 val=0x402 addr=0xffff800010010058
 a-1 [000] 1.0: rwmmio_write: f -> g width=32 val=0x1 addr=0xffff900010010058
";
    let recording = rwmmio::parse(text, Some(0xFFFF_8000_1000_0000)).expect("good");
    let report = on(&recording, nearest(&recording));
    assert!(report.ok, "a fault register of a machine whose traffic is not known is a note: {report}");
    assert_eq!((report.ignored, report.total().compared, report.total().notes), (1, 1, 2));
    let text = text.replace(
        "val=0x7fff addr=0xffff800010000800\n a-1 [000] 1.0: rwmmio_post_read: f -> g width=32 val=0x402",
        "val=0x7ffe addr=0xffff800010000800\n a-1 [000] 1.0: rwmmio_post_read: f -> g width=32 val=0x402",
    );
    let recording = rwmmio::parse(&text, Some(0xFFFF_8000_1000_0000)).expect("good");
    let report = on(&recording, nearest(&recording));
    assert!(report.first_difference.is_some_and(|first| first.what.contains("SMR")));
}

#[test]
fn a_report_has_a_line_a_phase() {
    let report = Report { file: "x.rec".into(), engine: "model".into(), preset: "zynqmp".into(), ..on(&program("H"), &ZYNQMP) };
    let text = report.to_string();
    assert!(text.starts_with("x.rec on model, preset zynqmp\n"), "{text}");
    assert!(text.lines().any(|line| line.trim_start().starts_with("one ") && line.ends_with("ok")), "{text}");
    assert!(text.contains("no difference"), "{text}");
    assert_eq!(Status::Zeros.to_string(), "reads as zero or is ignored");
}
