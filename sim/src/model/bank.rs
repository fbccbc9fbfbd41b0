//! An access in its context banks: pending fault, region, cached leaf or walk, access flag, permission, and the same for stage 2.
//!
//! A [`Translator`] looks, and changes nothing: what it found and a cache does not have comes back as fills.

use super::access::{context_code, Access, Fault, Reading, Stage2Record, TableMemory};
use super::attributes::{Attributes, Overrides};
use super::bits::{bit, field};
use super::file::RegisterFile;
use super::permission::{stage2_allows, AccessKind, LeafRules};
use super::regime::{Region, Stage1Registers};
use super::stage2::Stage2Registers;
use super::stream::{effective, BankUse};
use super::tlb::{Caches, Context, Translation, Vmid};
use super::walk::{walk_stage2, walk_through, Fetch, Leaf, Stage2Fault, Stage2Leaf, Stop, WalkFault};
use smmu_rtl::params::Aarch32;
use smmu_rtl::registers as regs;

/// A context bank's registers as translation sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BankView {
    sctlr: u32,
    /// The registers of stage 1.
    pub stage1: Stage1Registers,
    /// The registers of stage 2.
    pub stage2: Stage2Registers,
    /// Whose entries the bank uses and makes.
    pub context: Context,
    /// `CBA2R.VA64`: maintenance payloads are those of an AArch64 bank.
    pub aarch64: bool,
    /// The hardware has AArch32 formats, and this bank uses one.
    aarch32: bool,
}

/// An access that may go downstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Downstream address.
    pub pa: u64,
    /// Kinds of access that may go to the same page, a bit each at [`AccessKind::index`].
    pub allowed: u8,
    /// Memory attributes, of an access whose own were given.
    pub attributes: Attributes,
    /// `AxPROT` bits 0 and 2 downstream.
    pub access: Access,
    /// The bank that the stream names.
    pub bank: Option<usize>,
    /// What walks found and the caches do not have yet.
    pub fills: Fills,
}

/// Leaves to be cached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fills {
    /// Stage 1 or combined: owner, an address that it covers, what it is.
    pub stage1: Option<(Context, u64, Translation)>,
    /// Stage 2 alone.
    pub stage2: Vec<(Context, u64, Stage2Leaf)>,
}

impl BankView {
    /// The bank's registers as they are.
    pub fn of(registers: &RegisterFile, bank: usize) -> Self {
        let word = |id| registers.get(id, bank) as u32;
        let sctlr = word(regs::CB_SCTLR);
        let ttbr = [registers.get(regs::CB_TTBR0, bank), registers.get(regs::CB_TTBR1, bank)];
        let stage1 = Stage1Registers {
            tcr: word(regs::CB_TCR),
            tcr2: word(regs::CB_TCR2),
            ttbr,
            mair: registers.get(regs::CB_MAIR0, bank) | registers.get(regs::CB_MAIR1, bank) << 32,
            // Big-endian descriptors are a feature; without it the bit is only stored.
            sctlr: if registers.params().features.big_endian { sctlr } else { sctlr & !(1 << 4) },
            contextidr: word(regs::CB_CONTEXTIDR),
        };
        let cbar = registers.get(regs::CBAR, bank);
        let hyp = field(cbar, 17, 16) == 1 && bit(cbar, 10);
        let aarch64 = bit(registers.get(regs::CBA2R, bank), 0);
        let aarch32 = !aarch64 && registers.params().features.aarch32 != Aarch32::None;
        let asid = if aarch32 { stage1.asid32() } else { stage1.asid() };
        let context = Context { bank, vmid: Vmid::new(hyp, registers.vmid(bank)), asid };
        let stage2 = Stage2Registers { tcr: stage1.tcr, ttbr: ttbr[0], sctlr: stage1.sctlr, aarch64 };
        BankView { sctlr, stage1, stage2, context, aarch64, aarch32 }
    }

    /// The bits that an ASID of the bank has.
    pub fn asid_mask(&self) -> u64 {
        if self.aarch32 {
            0xFF
        } else {
            self.stage1.asid_mask()
        }
    }

    /// Whose stage-2 entries the bank uses and makes: they have no ASID.
    fn stage2_context(&self) -> Context {
        Context { asid: 0, ..self.context }
    }

    /// log2 of aligned bytes that never straddle two regions. AArch32's long descriptors have regions of 2^25 bytes and up, and blocks of
    /// 2^30; a block or section of any other format is never larger than the region that it is in.
    fn region_bits(&self) -> u32 {
        if self.aarch32 {
            25
        } else {
            u64::BITS
        }
    }

    /// The address that stage 1 translates, and its region.
    fn region(&self, addr: u64, has_16k: bool, output_bits: u32) -> Result<(u64, Region), WalkFault> {
        if self.aarch32 {
            Ok((addr, self.stage1.region32(addr, output_bits)?))
        } else {
            let va = self.stage1.virtual_address(addr);
            Ok((va, self.stage1.region(va, has_16k, output_bits)?))
        }
    }
}

/// `SCTLR.HUPCF` is 0, and a fault is recorded in the bank or one of its transactions is stalled.
pub fn is_blocked(registers: &RegisterFile, bank: usize) -> bool {
    let goes_on = bit(registers.get(regs::CB_SCTLR, bank), 8);
    !goes_on && (registers.recorded(bank) != 0 || registers.stalled(bank))
}

/// What a translation is asked for with.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The access as the client issued it.
    pub access: &'a Access,
    /// Its attributes.
    pub input: Attributes,
    /// `S2CR` of its stream.
    pub s2cr: u64,
    /// The bank whose pending fault does not hold it up: it is the transaction that a `RESUME` retries there.
    pub retried: Option<usize>,
}

/// Translates through banks. See the module's header.
pub struct Translator<'a> {
    /// The registers.
    pub registers: &'a RegisterFile,
    /// Cached leaves to be used; without, the tables alone count.
    pub caches: Option<&'a Caches>,
    /// Memory of the tables.
    pub memory: &'a mut dyn TableMemory,
    /// What walks have found so far.
    pub fills: Fills,
}

/// What a stage-2 look-up is for.
#[derive(Clone, Copy)]
struct Purpose {
    kind: AccessKind,
    on_walk: bool,
}

/// What stands behind a stage 1.
#[derive(Clone, Copy)]
struct Behind {
    /// There is a stage 2.
    nested: bool,
    /// Its registers, if it is on.
    second: Option<BankView>,
}

/// Descriptors of stage 1: from memory, through stage 2 if there is one.
struct Stage1Fetch<'t, 'a> {
    translator: &'t mut Translator<'a>,
    behind: Behind,
}

impl Fetch for Stage1Fetch<'_, '_> {
    fn fetch(&mut self, address: u64, what: &Reading) -> Result<Option<u64>, Stage2Fault> {
        let pa = match self.translator.second(self.behind, true) {
            Some(bank) => {
                let kind = AccessKind { write: false, privileged: false, fetch: false };
                self.translator.stage2(&bank, address, Purpose { kind, on_walk: true })?.output(address)
            }
            None => address,
        };
        let memory = &mut self.translator.memory;
        memory.reading(what);
        Ok(memory.read64(pa))
    }

    fn found(&mut self, what: &Reading) {
        self.translator.memory.found(what);
    }
}

impl Translator<'_> {
    /// An access in its banks.
    ///
    /// # Errors
    /// The fault that refuses the access.
    pub fn access(&mut self, banks: &BankUse, request: &Request<'_>) -> Result<Passed, Fault> {
        for bank in banks.stages_on() {
            if request.retried != Some(bank) && is_blocked(self.registers, bank) {
                return Err(Fault::context(bank, 0, 0));
            }
        }
        let access = effective(self.registers, request.access, request.s2cr);
        let found = self.translate(banks, access.addr, AccessKind::of(&access)).map_err(|stop| fault_of(banks, stop))?;
        let rules = banks.first.map(|first| LeafRules::from_sctlr(self.registers.get(regs::CB_SCTLR, first.bank) as u32));
        let allows = |kind: AccessKind| {
            let second = found.second.is_none_or(|leaf| stage2_allows(leaf.bits, kind));
            let first = match (found.leaf, rules) {
                (Some(leaf), Some(rules)) => rules.allows(leaf.bits, kind),
                _ => true,
            };
            first && second
        };
        let kinds = (0u8..).zip(AccessKind::ALL);
        let allowed = kinds
            .map(|(index, kind)| {
                let as_checked = effective(self.registers, &kind.example(), request.s2cr);
                u8::from(allows(AccessKind::of(&as_checked))) << index
            })
            .sum();
        Ok(Passed {
            pa: found.pa,
            allowed,
            attributes: self.attributes(banks, request.input, request.s2cr, &found),
            access,
            bank: Some(banks.bank),
            fills: std::mem::take(&mut self.fills),
        })
    }

    /// An address through the stages that are on.
    ///
    /// # Errors
    /// The fault, and the stage that has it.
    pub fn translate(&mut self, banks: &BankUse, addr: u64, kind: AccessKind) -> Result<Found, Stop> {
        let behind = self.behind(banks);
        let purpose = Purpose { kind, on_walk: false };
        let first = banks.first.filter(|stage| stage.on);
        let alone = if first.is_some() { None } else { self.second(behind, false) };
        match (first, alone) {
            (Some(first), _) => {
                let bank = BankView::of(self.registers, first.bank);
                self.stage1(&bank, behind, addr, kind)
            }
            (None, Some(second)) => {
                let leaf = self.stage2(&second, addr, purpose).map_err(Stop::Two)?;
                Ok(Found { pa: leaf.output(addr), leaf: None, second: Some(leaf) })
            }
            (None, None) if addr >> self.registers.params().output_bits() != 0 => {
                let fault = WalkFault::address_size(0);
                Err(if banks.first.is_some() {
                    Stop::One(fault)
                } else {
                    Stop::Two(Stage2Fault { fault, ipa: addr, on_walk: false })
                })
            }
            (None, None) => Ok(Found { pa: addr, leaf: None, second: None }),
        }
    }

    fn behind(&self, banks: &BankUse) -> Behind {
        let second = banks.second.filter(|stage| stage.on).map(|stage| BankView::of(self.registers, stage.bank));
        Behind { nested: banks.nested(), second }
    }

    /// The registers of a stage 2 for one look-up.
    fn second(&mut self, behind: Behind, on_walk: bool) -> Option<BankView> {
        if behind.nested {
            self.memory.stage2(behind.second, on_walk)
        } else {
            behind.second
        }
    }

    fn stage1(&mut self, bank: &BankView, behind: Behind, addr: u64, kind: AccessKind) -> Result<Found, Stop> {
        let second = behind.second;
        let params = self.registers.params();
        let (va, region) = bank.region(addr, params.straps.granule_16k, params.output_bits())?;
        let rules = LeafRules::from_sctlr(bank.sctlr);
        let affd = second.is_some_and(|second| second.stage2.affd());
        let usable = |found: &Translation| {
            rules.usable(found.leaf.bits)
                && found.second.is_some() == second.is_some()
                && found.second.is_none_or(|leaf| leaf.bits.af || affd)
        };
        let cached = self.caches.and_then(|caches| caches.stage1.lookup(bank.context, va)).filter(usable);
        if let Some(Translation { leaf, second: behind, .. }) = cached {
            rules.check(leaf.bits, kind, leaf.level)?;
            let ipa = leaf.output(va);
            let pa = match behind {
                Some(behind) => {
                    permitted(behind, ipa, Purpose { kind, on_walk: false }, false).map_err(Stop::Two)?;
                    behind.output(ipa)
                }
                None => ipa,
            };
            return Ok(Found { pa, leaf: Some(leaf), second: behind });
        }
        let leaf = self.stage1_walk(&region, behind, va)?;
        rules.check(leaf.bits, kind, leaf.level)?;
        let ipa = leaf.output(va);
        let behind = match self.second(behind, false) {
            Some(second) => Some(self.stage2(&second, ipa, Purpose { kind, on_walk: false }).map_err(Stop::Two)?),
            None => None,
        };
        let translation = Translation { leaf, second: behind, region_bits: bank.region_bits() };
        self.fills.stage1 = Some((bank.context, va, translation));
        Ok(Found { pa: translation.output(va), leaf: Some(leaf), second: behind })
    }

    fn stage1_walk(&mut self, region: &Region, behind: Behind, va: u64) -> Result<Leaf, Stop> {
        if region.walks_off {
            return Err(WalkFault::translation(region.walk.format.first_level()).into());
        }
        walk_through(&region.walk, va, &mut Stage1Fetch { translator: self, behind })
    }

    /// An address through stage 1 alone, by the tables; its descriptors come through stage 2 if that is on. The result of a
    /// nested bank is an intermediate address.
    ///
    /// # Errors
    /// The fault, and the stage that has it.
    pub fn stage1_alone(&mut self, banks: &BankUse, addr: u64, kind: AccessKind) -> Result<Found, Stop> {
        let Some(first) = banks.first.filter(|stage| stage.on) else {
            return self.translate(&BankUse { second: None, ..*banks }, addr, kind);
        };
        let bank = BankView::of(self.registers, first.bank);
        let behind = self.behind(banks);
        let params = self.registers.params();
        let (va, region) = bank.region(addr, params.straps.granule_16k, params.output_bits())?;
        let leaf = self.stage1_walk(&region, behind, va)?;
        LeafRules::from_sctlr(bank.sctlr).check(leaf.bits, kind, leaf.level)?;
        Ok(Found { pa: leaf.output(va), leaf: Some(leaf), second: None })
    }

    fn stage2(&mut self, bank: &BankView, ipa: u64, purpose: Purpose) -> Result<Stage2Leaf, Stage2Fault> {
        let params = self.registers.params();
        let stop = |fault| Stage2Fault { fault, ipa, on_walk: purpose.on_walk };
        let regime = bank.stage2.regime(ipa, params.straps.granule_16k, params.output_bits()).map_err(stop)?;
        let affd = bank.stage2.affd();
        let context = bank.stage2_context();
        let cached = self.caches.and_then(|caches| caches.stage2.lookup(context, ipa)).filter(|leaf| leaf.bits.af || affd);
        let leaf = match cached {
            Some(leaf) => leaf,
            None => {
                let leaf = walk_stage2(&regime, ipa, self.memory).map_err(stop)?;
                if !leaf.bits.af && !affd {
                    return Err(stop(WalkFault { code: context_code::AFF, level: leaf.level, ptwf: false }));
                }
                self.fills.stage2.push((context, ipa, leaf));
                leaf
            }
        };
        permitted(leaf, ipa, purpose, bank.stage2.protects_walks())?;
        Ok(leaf)
    }

    /// Attributes of what was found, for a transaction that comes in with `input` in a stream with that `S2CR`.
    pub fn attributes(&self, banks: &BankUse, input: Attributes, s2cr: u64, found: &Found) -> Attributes {
        let register = |id, bank| self.registers.get(id, bank);
        let mut attributes = input.overridden(Overrides::of_s2cr(s2cr));
        if let Some(first) = banks.first {
            attributes = match found.leaf {
                Some(leaf) => leaf.attributes,
                None => attributes.overridden(Overrides::of_control(register(regs::CB_SCTLR, first.bank))),
            };
        }
        match (banks.second, found.second) {
            (_, Some(leaf)) => attributes.combine(leaf.attributes),
            (Some(second), None) => attributes.overridden(Overrides::of_control(register(regs::CB_SCTLR, second.bank))),
            // The fields are those of TYPE 1; a nested bank asked for its stage 1 alone has others there.
            (None, None) if field(register(regs::CBAR, banks.bank), 17, 16) != 1 => attributes,
            (None, None) => Overrides::apply_cbar(register(regs::CBAR, banks.bank), attributes),
        }
    }
}

/// What a translation found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Output address.
    pub pa: u64,
    /// The leaf of stage 1, if it is on.
    pub leaf: Option<Leaf>,
    /// The leaf of stage 2, if it is on.
    pub second: Option<Stage2Leaf>,
}

/// The permission of a stage-2 leaf whose access flag is good. `protect`: no Device memory under stage-1 tables.
fn permitted(leaf: Stage2Leaf, ipa: u64, purpose: Purpose, protect: bool) -> Result<(), Stage2Fault> {
    let device = purpose.on_walk && protect && leaf.bits.device;
    if stage2_allows(leaf.bits, purpose.kind) && !device {
        return Ok(());
    }
    let fault = WalkFault { code: context_code::PF, level: leaf.level, ptwf: false };
    Err(Stage2Fault { fault, ipa, on_walk: purpose.on_walk })
}

/// The fault, with the bank that records it.
fn fault_of(banks: &BankUse, stop: Stop) -> Fault {
    let first = banks.first.map(|stage| stage.bank);
    match stop {
        Stop::One(fault) => Fault { ptwf: fault.ptwf, ..Fault::context(first.unwrap_or(banks.bank), fault.code, fault.level) },
        Stop::Two(Stage2Fault { fault, ipa, on_walk }) => Fault {
            ptwf: fault.ptwf,
            stage2: Some(Stage2Record { ipa, stage1_bank: first, on_walk }),
            ..Fault::context(banks.second.map_or(banks.bank, |stage| stage.bank), fault.code, fault.level)
        },
    }
}
