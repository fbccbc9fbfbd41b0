//! Kernel logs explained: arm-smmu fault lines and ufshcd register dumps, field by field, and what they say together.
//!
//! # How it works
//!
//! [`log`] cleans the lines (time stamps, terminal colours, mail quoting, wrapped lines), [`smmu`] and [`ufs`] pick out and explain
//! the lines they know, and [`findings`] puts them side by side: which structure the faulting address belongs to, and what
//! kind of mistake looks like this. [`text`] prints it all for people; with `serde` it becomes JSON.
//!
//! Names and positions of the SMMU's fields come from [`smmu_rtl::registers`]; those of the UFS host controller from
//! [`crate::ufs`] and, where Linux alone gives them a meaning, from here.
//!
//! Nothing in a log is an error to the decoder: a value that cannot be read is a [`Decoded::warnings`] entry.

use serde::Serialize;

pub mod findings;
pub mod host_regs;
pub mod log;
pub mod smmu;
pub mod text;
pub mod ufs;

/// A group of bits with its value and what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldValue {
    /// Name as the specification has it.
    pub name: String,
    /// Position, `31:16` or `4`.
    pub bits: String,
    /// The value, right-justified.
    pub value: u64,
    /// What this value says.
    pub meaning: String,
}

/// A register value with all its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RegisterValue {
    /// Name as the specification has it.
    pub name: String,
    /// Byte offset, for registers of a dump.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u32>,
    /// The value as it stands in the log.
    pub value: u64,
    /// What the register is, or what this value says as a whole.
    pub meaning: String,
    /// Its fields, the highest bits first.
    pub fields: Vec<FieldValue>,
}

impl RegisterValue {
    /// The value of the field of that name; 0 if there is none.
    pub fn field(&self, name: &str) -> u64 {
        self.fields.iter().find(|f| f.name == name).map_or(0, |f| f.value)
    }
}

/// Where in the log something stood.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Place {
    /// Line number, from 1.
    pub line: usize,
    /// Kernel time in seconds, where the line has one.
    pub time: Option<f64>,
    /// The device's name as the kernel prints it, for example `15000000.iommu`.
    pub device: Option<String>,
}

/// An arm-smmu context fault.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ContextFault {
    /// Where it stood.
    #[serde(flatten)]
    pub place: Place,
    /// Fault status.
    pub fsr: Option<RegisterValue>,
    /// Fault address.
    pub iova: Option<u64>,
    /// Fault syndrome.
    pub fsynr0: Option<RegisterValue>,
    /// The stream that faulted.
    pub cbfrsynra: Option<RegisterValue>,
    /// The context bank as Linux numbers it.
    pub cb: Option<u64>,
    /// The whole in a sentence or two.
    pub summary: String,
}

/// An arm-smmu global fault.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GlobalFault {
    /// Where it stood.
    #[serde(flatten)]
    pub place: Place,
    /// The registers that were printed, in their order.
    pub registers: Vec<RegisterValue>,
    /// The whole in a sentence or two.
    pub summary: String,
}

/// A ufshcd register dump.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HostRegs {
    /// Where its first row stood.
    #[serde(flatten)]
    pub place: Place,
    /// Every word that was printed, in order of offset.
    pub registers: Vec<RegisterValue>,
}

impl HostRegs {
    /// The word at that offset.
    pub fn word(&self, offset: u32) -> Option<u32> {
        self.registers.iter().find(|r| r.offset == Some(offset)).map(|r| r.value as u32)
    }
}

/// Another line of the UFS driver that says something about the failure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UfsEvent {
    /// Where it stood.
    #[serde(flatten)]
    pub place: Place,
    /// What kind of line.
    pub kind: UfsEventKind,
    /// The number that it carries: a set of error bits, or an error number as Linux prints it.
    pub value: i64,
    /// What it says.
    pub meaning: String,
}

/// Lines of the UFS driver that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UfsEventKind {
    /// `ufshcd_check_errors: saved_err ..`: the interrupt handler saw error bits.
    CheckErrors,
    /// `ufshcd_err_handler started`.
    ErrorHandler,
    /// `ufshcd_verify_dev_init: NOP OUT failed ..`.
    NopOutFailed,
    /// `ufshcd_async_scan failed: ..`.
    ScanFailed,
}

/// All that was found in a log.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Decoded {
    /// Context faults, in order.
    pub context_faults: Vec<ContextFault>,
    /// Global faults, in order.
    pub global_faults: Vec<GlobalFault>,
    /// Register dumps, in order.
    pub host_regs: Vec<HostRegs>,
    /// Other lines of the UFS driver, in order.
    pub ufs_events: Vec<UfsEvent>,
    /// What the parts say together.
    pub findings: Vec<findings::Finding>,
    /// What could not be read.
    pub warnings: Vec<String>,
}

impl Decoded {
    /// True if no line of the log was recognised.
    pub fn is_empty(&self) -> bool {
        self.context_faults.is_empty() && self.global_faults.is_empty() && self.host_regs.is_empty() && self.ufs_events.is_empty()
    }
}

/// Decodes a kernel log.
pub fn decode(text: &str) -> Decoded {
    let mut found = Decoded::default();
    let mut ufs = ufs::Reader::default();
    for line in log::lines(text) {
        smmu::line(&line, &mut found);
        ufs.line(&line, &mut found);
    }
    smmu::finish(&mut found);
    ufs.finish(&mut found);
    found.findings = findings::findings(&found);
    found
}

/// The fields of a value by a register's field list, the highest bits first; `explain` may say more than the field's description.
fn fields_of(
    value: u64,
    fields: impl Iterator<Item = (&'static str, u8, u8, &'static str)>,
    explain: impl Fn(&str, u64) -> Option<String>,
) -> Vec<FieldValue> {
    let mut list: Vec<_> = fields.collect();
    list.sort_by_key(|f| std::cmp::Reverse(f.1));
    let mut known = 0u64;
    let mut out: Vec<FieldValue> = Vec::with_capacity(list.len());
    for (name, lsb, width, doc) in list {
        let mask = (u64::MAX >> (64 - u32::from(width))) << lsb;
        known |= mask;
        let bits = if width == 1 { lsb.to_string() } else { format!("{}:{lsb}", lsb + width - 1) };
        let v = (value & mask) >> lsb;
        let meaning = explain(name, v).unwrap_or_else(|| default_meaning(width, v, doc));
        out.push(FieldValue { name: name.to_string(), bits, value: v, meaning });
    }
    let rest = value & !known;
    // A register that is one number has no fields at all.
    if rest != 0 && known != 0 {
        let meaning = "bits that have no name are set".to_string();
        out.push(FieldValue { name: "(reserved)".to_string(), bits: format!("mask {rest:#x}"), value: rest, meaning });
    }
    out
}

/// What a field says where nobody knows better: a flag that is clear says no.
fn default_meaning(width: u8, value: u64, doc: &str) -> String {
    if width == 1 && value == 0 {
        format!("no: {doc}")
    } else {
        doc.to_string()
    }
}
