//! Which hardware a recording fits, where its registers lie there, and what that hardware cannot present.

use super::{Layout, Recording, Transaction};
use smmu_rtl::params::{Aarch32, Features, Params, PRESETS, VA_WIDTH, ZYNQMP};
use smmu_rtl::registers::{self as regs, RegId};
use smmu_sim::model::stream::Route;
use smmu_sim::model::{Access, Model, TableMemory};

/// Identification registers as a recording shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    idr0: Option<u64>,
    idr1: Option<u64>,
    idr2: Option<u64>,
}

fn field(value: u64, high: u32, low: u32) -> u64 {
    value >> low & ((1 << (high - low + 1)) - 1)
}

fn bit(value: u64, number: u32) -> bool {
    value >> number & 1 == 1
}

impl Identity {
    fn of(recording: &Recording) -> Self {
        let read = |offset| recording.first_read(offset);
        Identity { idr0: read(0x20), idr1: read(0x24), idr2: read(0x28) }
    }

    fn groups(&self) -> Option<usize> {
        self.idr0.map(|idr0| if bit(idr0, 27) { field(idr0, 7, 0) } else { 1 << field(idr0, 12, 9).min(7) } as usize)
    }

    fn banks(&self) -> Option<usize> {
        self.idr1.map(|idr1| field(idr1, 7, 0) as usize)
    }

    fn features(&self) -> Option<Features> {
        let (idr0, idr2) = (self.idr0?, self.idr2.unwrap_or(0));
        let stage2 = bit(idr0, 29);
        Some(Features {
            stage2,
            nested: stage2 && bit(idr0, 28),
            aarch32: match field(idr0, 25, 24) {
                0 => Aarch32::Both,
                1 => Aarch32::Long,
                _ => Aarch32::None,
            },
            // No register says whether these are there.
            stall: true,
            attributes: true,
            big_endian: true,
            pmu: true,
            ats: !bit(idr0, 26),
            exids: bit(idr0, 8),
            stream_indexing: !bit(idr0, 27),
            vmid16: bit(idr2, 15),
            reg_pages_64k: self.idr1.is_some_and(|idr1| bit(idr1, 31)),
        })
    }
}

/// The preset that is nearest to the hardware of the recording.
pub fn nearest(recording: &Recording) -> &'static Params {
    let identity = Identity::of(recording);
    let short = |there: usize, wanted: Option<usize>| wanted.map_or(0, |wanted| 10_000 * usize::from(there < wanted));
    let cost = |params: &Params| {
        let mut cost = short(params.num_smr, identity.groups()) + short(params.num_cb, identity.banks());
        if let Some(idr2) = identity.idr2 {
            let differs = |a: u8, high, low| usize::from(u64::from(a) != field(idr2, high, low));
            cost += 1000 * differs(params.straps.oas, 7, 4) + 100 * differs(params.straps.ubs, 11, 8);
            cost += 2000 * usize::from(bit(idr2, 13) && !params.straps.granule_16k);
        }
        // Among those that have enough, the smallest.
        cost + params.num_smr.saturating_sub(identity.groups().unwrap_or(ZYNQMP.num_smr))
            + params.num_cb.saturating_sub(identity.banks().unwrap_or(ZYNQMP.num_cb))
            + usize::from(params.name != ZYNQMP.name)
    };
    PRESETS.iter().min_by_key(|params| cost(params)).unwrap_or(&ZYNQMP)
}

/// Hardware as the recording shows it, for an engine that can be of any size.
pub fn recorded(recording: &Recording) -> Params {
    let identity = Identity::of(recording);
    let mut params = *nearest(recording);
    if let Some(features) = identity.features() {
        params.features = features;
    }
    if let Some(groups) = identity.groups() {
        params.num_smr = groups.clamp(1, 128);
    }
    let pages = recording.layout.pages as usize;
    params.num_page = pages.clamp(4, 256);
    params.features.reg_pages_64k = recording.layout.page_shift == 16;
    if let Some(banks) = identity.banks() {
        params.num_cb = banks.clamp(1, params.num_page.min(128));
    }
    if let Some(idr2) = identity.idr2 {
        params.straps.ubs = field(idr2, 11, 8) as u8;
        params.straps.oas = field(idr2, 7, 4).min(5) as u8;
        params.straps.ias = params.straps.oas;
        params.straps.granule_16k = bit(idr2, 13);
    }
    Params { name: "recorded", purpose: "sizes and features as the recording shows them", ..params }
}

/// Turns what a recording says into what hardware of some size can be given.
pub struct Presenter {
    params: Params,
    layout: Layout,
    /// The same register traffic, in hardware that has all that the recording needs.
    shadow: Model,
}

/// Why something is skipped.
pub type Reason = &'static str;

impl Presenter {
    /// For a recording on hardware of `params`.
    pub fn new(recording: &Recording, params: &Params) -> Self {
        let features = Identity::of(recording).features().unwrap_or(params.features);
        let features = Features {
            exids: features.exids || params.features.exids,
            vmid16: features.vmid16 || params.features.vmid16,
            stage2: features.stage2 || params.features.stage2,
            nested: features.nested || params.features.nested,
            aarch32: features.aarch32.max(params.features.aarch32),
            ats: features.ats || params.features.ats,
            stream_indexing: params.features.stream_indexing,
            reg_pages_64k: params.features.reg_pages_64k,
            ..features
        };
        Presenter { params: *params, layout: recording.layout, shadow: Model::new(&params.with_features(features)) }
    }

    /// The registers as the traffic has left them, in hardware that has all that the recording needs.
    pub fn shadow(&self) -> &Model {
        &self.shadow
    }

    /// Hardware reset.
    pub fn reset(&mut self) {
        self.shadow.reset();
    }

    /// Takes note of a register write, at the offset that [`Presenter::offset`] gave.
    pub fn wrote(&mut self, offset: u32, value: u64, bytes: u8, memory: &mut dyn TableMemory) {
        self.shadow.write(offset, value, bytes);
        self.shadow.settle(memory);
    }

    /// Takes note of an access, so that the faults which it makes are known.
    pub fn performed(&mut self, access: &Access, memory: &mut dyn TableMemory) {
        self.shadow.translate(access, memory);
    }

    /// Where a recorded register lies in this hardware.
    ///
    /// # Errors
    /// Why it has no place there.
    pub fn offset(&self, offset: u64) -> Result<u32, Reason> {
        let page = offset >> self.layout.page_shift;
        let byte = offset & ((1 << self.layout.page_shift) - 1);
        let here = self.params.reg_page();
        if byte >= u64::from(here) {
            return Err("registers above the first 4 KiB of a page");
        }
        let page = if page < self.layout.pages {
            if page as usize >= self.params.num_page {
                return Err("global pages that are not there");
            }
            page as u32
        } else {
            let bank = (page - self.layout.pages) as usize;
            if bank >= self.params.num_cb {
                return Err("banks that are not there");
            }
            (self.params.num_page + bank) as u32
        };
        let place = page * here + byte as u32;
        let missing = |array: RegId, most: usize| {
            let first = array.offset(&self.params, 0);
            let end = first + most as u32 * array.register().stride;
            (first..end).contains(&place) && place >= first + array.count(&self.params) as u32 * array.register().stride
        };
        if missing(regs::SMR, 128) || missing(regs::S2CR, 128) {
            return Err("stream groups that are not there");
        }
        if missing(regs::CBAR, 128) || missing(regs::CBA2R, 128) || missing(regs::CBFRSYNRA, 128) {
            return Err("banks that are not there");
        }
        Ok(place)
    }

    /// A register that this hardware has not, or that shows what it cannot do.
    pub fn unusable(&self, offset: u32) -> Option<Reason> {
        let (id, index) = regs::at(&self.params, offset)?;
        if !self.params.features.ats && is_ats(id) {
            return Some("address translation operations");
        }
        let bank = match id {
            regs::CBFRSYNRA => index,
            _ if id.register().space == regs::Space::Bank => index / id.count(&self.params),
            _ => return None,
        };
        let shows_faults = matches!(
            id,
            regs::CB_FSR | regs::CB_FAR | regs::CB_FSYNR0 | regs::CB_FSYNR1 | regs::CB_IPAFAR | regs::CBFRSYNRA | regs::CB_PAR
        );
        self.bank(bank).filter(|_| shows_faults)
    }

    /// Why this hardware cannot do what a bank is set to, if it cannot.
    pub fn bank(&self, bank: usize) -> Option<Reason> {
        let read = |id: RegId, bank| self.shadow.read(id.offset(&self.params, bank), 4);
        if bank >= self.params.num_cb {
            return Some("banks that are not there");
        }
        let features = self.params.features;
        let cbar = read(regs::CBAR, bank);
        let kind = field(cbar, 17, 16);
        if kind == 0 && !features.stage2 {
            return Some("stage-2 banks");
        }
        if kind == 3 && !features.nested {
            return Some("nested banks");
        }
        let (sctlr, tcr) = (read(regs::CB_SCTLR, bank), read(regs::CB_TCR, bank));
        if bit(sctlr, 7) && !features.stall {
            return Some("banks that stall");
        }
        if !bit(sctlr, 0) {
            return None;
        }
        if !bit(read(regs::CBA2R, bank), 0) {
            let needed = if kind == 0 || bit(tcr, 31) { Aarch32::Long } else { Aarch32::Both };
            return (features.aarch32 < needed).then_some("AArch32 banks");
        }
        if field(tcr, 15, 14) == 2 && !self.params.straps.granule_16k {
            return Some("banks with the 16 KiB granule");
        }
        if bit(sctlr, 4) && !features.big_endian {
            return Some("banks with big-endian tables");
        }
        None
    }

    /// The access on the client port.
    ///
    /// # Errors
    /// Why this hardware cannot be given it, or cannot do with it what the recording expects.
    pub fn access(&self, transaction: &Transaction) -> Result<Access, Reason> {
        let scr0 = self.shadow.read(0, 4);
        if bit(scr0, 3) && !self.params.features.exids {
            return Err("extended StreamIDs");
        }
        if transaction.stream >> 15 != 0 && !self.params.features.exids {
            return Err("StreamIDs of 16 bits");
        }
        // A client port carries the low 49 bits of a sign-extended address.
        let iova = transaction.iova;
        let sign = ((iova << (64 - VA_WIDTH)) as i64 >> (64 - VA_WIDTH)) as u64;
        if iova >> VA_WIDTH != 0 && sign != iova {
            return Err("addresses that do not fit the client port");
        }
        let access = Access {
            stream_id: transaction.stream,
            addr: iova & ((1 << VA_WIDTH) - 1),
            write: transaction.write,
            privileged: transaction.privileged,
            instruction: transaction.instruction,
            non_secure: true,
            illegal_burst: false,
        };
        let banks = match self.shadow.route(&access) {
            Route::Bank { banks, .. } => [banks.first, banks.second],
            _ => [None, None],
        };
        match banks.into_iter().flatten().find_map(|stage| self.bank(stage.bank)) {
            Some(reason) => Err(reason),
            None => Ok(access),
        }
    }
}

fn is_ats(id: RegId) -> bool {
    matches!(
        id,
        regs::CB_ATS1PR
            | regs::CB_ATS1PW
            | regs::CB_ATS1UR
            | regs::CB_ATS1UW
            | regs::CB_ATSR
            | regs::CB_PAR
            | regs::GATS1UR
            | regs::GATS1UW
            | regs::GATS1PR
            | regs::GATS1PW
            | regs::GATS12UR
            | regs::GATS12UW
            | regs::GATS12PR
            | regs::GATS12PW
            | regs::GPAR
            | regs::GATSR
    )
}
