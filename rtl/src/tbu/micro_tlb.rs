//! `MicroTlb<N>`: the fully associative TLB in front of everything, with a look-up port for each address channel.
//!
//! An entry is tagged by StreamID and virtual page and holds all that a hit needs: output page, size, permissions, attributes. So a hit needs
//! neither stream match nor context bank. ASID, VMID and nG are there for invalidation only.
//!
//! # Timing
//!
//! | cycle | look-up | maintenance |
//! | --- | --- | --- |
//! | 0 | `*_sid`, `*_vpn` are compared with every tag, `*_need` with every permission; the match vector is registered | `inv_*`, `drop_all` or `fill_*` go into the operation register |
//! | 1 | the match vector selects: `*_hit`, `*_ppn`, `*_mask` (one-hot AND-OR, from flip-flops only) | the operation is compared with every tag; entries go, an entry is written |
//! | 2 | | look-ups see it |
//!
//! # Races, and why each is harmless
//!
//! * A look-up that is compared while the operation is applied (cycle 1 of the right column) does not get a match bit of an entry
//!   that goes or is overwritten, so its selection in the next cycle cannot mix old and new contents. Matches that are registered
//!   already select before the write takes effect, and see the old entry whole.
//! * Fill and invalidation use one comparator, an invalidation first; a fill that meets one is dropped, and so is a fill that comes
//!   one cycle after one. A fill is only a hint: whoever needed it asks again. So a fill of a response that stands beside an
//!   invalidation can never survive it, whatever the page, and the operation register costs no comparator.
//! * A fill that comes earlier is in its entry when the invalidation is compared.
//! * A fill drops every entry that it overlaps: same StreamID, and equal page number under both masks. So two entries never match
//!   one look-up, which the AND-OR relies on.
//!
//! # Parts
//!
//! An entry may hold a part of its leaf (a nested translation whose stage-2 leaf is the smaller one, a 1 MiB section). An invalidation by
//! address names the leaf, so it drops such an entry whatever the address, if all else agrees.
//!
//! # Victim
//!
//! The lowest invalid entry, else round robin.
//!
//! # Tags and sizes
//!
//! `mask` is the size thermometer: bit k set means that the page is larger than chunk k of the address, which then is offset:
//! VA 13:12, 15:14, 20:16, 24:21, 28:25, 29, 48:30.
//!
//! Leaf block (content-addressable memory). All outputs follow flip-flops, so the simulation works once a clock edge.

use crate::prelude::*;
use std::fmt::Write;

/// First bit and number of bits of each mask chunk in a page number (VA bits 48:12).
pub const CHUNKS: [(usize, usize); 7] = [(0, 2), (2, 2), (4, 5), (9, 4), (13, 4), (17, 1), (18, 19)];

/// Page-number bits that a size thermometer leaves out of the comparison.
pub fn offset_bits(mask: u64) -> u64 {
    CHUNKS.iter().enumerate().filter(|(k, _)| (mask >> k) & 1 == 1).fold(0, |all, (_, (low, n))| all | (((1 << n) - 1) << low))
}

#[derive(Clone, Copy, Default, Debug)]
struct Entry {
    sid: u64,
    vpn: u64,
    mask: u64,
    ppn: u64,
    perm: u64,
    attr: u64,
    ng: bool,
    asid: u64,
    vmid: u64,
    part: bool,
    bank: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Op {
    #[default]
    None,
    All,
    Invalidate,
    Fill,
}

/// The operation register. For an invalidation `entry` holds what is compared, and a mask of 0.
#[derive(Clone, Copy, Default, Debug)]
struct OpReg {
    op: Op,
    entry: Entry,
    use_hyp: bool,
    hyp: bool,
    use_vmid: bool,
    use_asid: bool,
    use_va: bool,
}

/// What a look-up asks.
struct Look {
    sid: u64,
    vpn: u64,
    need: u64,
    over: bool,
}

/// A micro TLB of `N` entries (2 to 64).
#[derive(LogicBlock)]
pub struct MicroTlb<const N: usize> {
    pub clock: Signal<In, Clock>,
    /// Low: all entries go.
    pub aresetn: Signal<In, Bit>,
    /// Read look-up, cycle 0: StreamID.
    pub rd_sid: Signal<In, Word<16>>,
    /// Read look-up, cycle 0: VA 48:12.
    pub rd_vpn: Signal<In, Word<37>>,
    /// Read look-up, cycle 0: the permission that the access needs, one of {px, pw, pr, ux, uw, ur}.
    pub rd_need: Signal<In, Word<6>>,
    /// Read look-up, cycle 0: the address is beyond the output size, so no entry of the whole address space (identity) may answer.
    pub rd_over: Signal<In, Bit>,
    /// Read look-up, cycle 1: an entry matched and permits the access. The other results are 0 if not.
    pub rd_hit: Signal<Out, Bit>,
    pub rd_ppn: Signal<Out, Word<36>>,
    pub rd_mask: Signal<Out, Word<7>>,
    /// Attributes ([`super::attribute_out`]); 0 in hardware without them.
    pub rd_attr: Signal<Out, Word<18>>,
    /// The bank that S2CR names, 7: there is one. For the performance monitors; zero without them.
    pub rd_bank: Signal<Out, Word<8>>,
    /// Write look-up, as `rd_*`.
    pub wr_sid: Signal<In, Word<16>>,
    pub wr_vpn: Signal<In, Word<37>>,
    pub wr_need: Signal<In, Word<6>>,
    pub wr_over: Signal<In, Bit>,
    pub wr_hit: Signal<Out, Bit>,
    pub wr_ppn: Signal<Out, Word<36>>,
    pub wr_mask: Signal<Out, Word<7>>,
    pub wr_attr: Signal<Out, Word<18>>,
    pub wr_bank: Signal<Out, Word<8>>,
    /// All entries go.
    pub drop_all: Signal<In, Bit>,
    /// Entries that match all used conditions go.
    pub inv_valid: Signal<In, Bit>,
    pub inv_use_hyp: Signal<In, Bit>,
    pub inv_hyp: Signal<In, Bit>,
    pub inv_use_vmid: Signal<In, Bit>,
    pub inv_vmid: Signal<In, Word<17>>,
    pub inv_use_asid: Signal<In, Bit>,
    pub inv_asid: Signal<In, Word<16>>,
    pub inv_use_va: Signal<In, Bit>,
    pub inv_vpn: Signal<In, Word<37>>,
    /// A new entry, if no invalidation stands beside it.
    pub fill_valid: Signal<In, Bit>,
    pub fill_sid: Signal<In, Word<16>>,
    pub fill_vpn: Signal<In, Word<37>>,
    pub fill_ppn: Signal<In, Word<36>>,
    pub fill_mask: Signal<In, Word<7>>,
    pub fill_perm: Signal<In, Word<6>>,
    pub fill_ng: Signal<In, Bit>,
    pub fill_asid: Signal<In, Word<16>>,
    pub fill_vmid: Signal<In, Word<17>>,
    /// The leaf is larger than `fill_mask` says.
    pub fill_part: Signal<In, Bit>,
    pub fill_attr: Signal<In, Word<18>>,
    _attributes: bool,
    pub fill_bank: Signal<In, Word<8>>,
    _entries: [Entry; N],
    _valid: [bool; N],
    _op: OpReg,
    _robin: usize,
    _has_banks: bool,
}

impl<const N: usize> Default for MicroTlb<N> {
    fn default() -> Self {
        Self::new(false, false)
    }
}

impl<const N: usize> MicroTlb<N> {
    /// The block; `attributes`: the hardware has them; `banks`: entries know their bank, for the performance monitors.
    pub fn new(attributes: bool, banks: bool) -> Self {
        assert!((2..=64).contains(&N), "micro TLB entries");
        Self {
            clock: Signal::default(),
            aresetn: Signal::default(),
            rd_sid: Signal::default(),
            rd_vpn: Signal::default(),
            rd_hit: Signal::default(),
            rd_ppn: Signal::default(),
            rd_mask: Signal::default(),
            rd_attr: Signal::default(),
            rd_bank: Signal::default(),
            rd_need: Signal::default(),
            rd_over: Signal::default(),
            wr_sid: Signal::default(),
            wr_vpn: Signal::default(),
            wr_hit: Signal::default(),
            wr_ppn: Signal::default(),
            wr_mask: Signal::default(),
            wr_attr: Signal::default(),
            wr_bank: Signal::default(),
            wr_need: Signal::default(),
            wr_over: Signal::default(),
            drop_all: Signal::default(),
            inv_valid: Signal::default(),
            inv_use_hyp: Signal::default(),
            inv_hyp: Signal::default(),
            inv_use_vmid: Signal::default(),
            inv_vmid: Signal::default(),
            inv_use_asid: Signal::default(),
            inv_asid: Signal::default(),
            inv_use_va: Signal::default(),
            inv_vpn: Signal::default(),
            fill_valid: Signal::default(),
            fill_sid: Signal::default(),
            fill_vpn: Signal::default(),
            fill_ppn: Signal::default(),
            fill_mask: Signal::default(),
            fill_perm: Signal::default(),
            fill_ng: Signal::default(),
            fill_asid: Signal::default(),
            fill_vmid: Signal::default(),
            fill_part: Signal::default(),
            fill_attr: Signal::default(),
            _attributes: attributes,
            fill_bank: Signal::default(),
            _entries: [Entry::default(); N],
            _valid: [false; N],
            _op: OpReg::default(),
            _robin: 0,
            _has_banks: banks,
        }
    }
}

impl OpReg {
    /// Whether the operation, victim aside, drops `e`.
    fn drops(&self, e: &Entry) -> bool {
        let same_page = (e.vpn ^ self.entry.vpn) & !offset_bits(e.mask | self.entry.mask) == 0;
        let same_asid = e.asid == self.entry.asid;
        match self.op {
            Op::None => false,
            Op::All => true,
            Op::Fill => e.sid == self.entry.sid && same_page,
            Op::Invalidate => {
                (!self.use_hyp || (e.vmid >> 16 == 1) == self.hyp)
                    && (!self.use_vmid || e.vmid == self.entry.vmid)
                    && (!self.use_va || same_page || e.part)
                    && (!self.use_asid || if self.use_va { !e.ng || same_asid } else { e.ng && same_asid })
            }
        }
    }
}

impl<const N: usize> MicroTlb<N> {
    /// The entry that the operation register leaves behind after this clock edge.
    fn next_op(&self) -> OpReg {
        let inv = self.inv_valid.val();
        // A fill beside an invalidation, or right behind one, is dropped: the response may be older than the invalidation.
        let quiet = matches!(self._op.op, Op::None | Op::Fill);
        let op = if self.drop_all.val() {
            Op::All
        } else if inv {
            Op::Invalidate
        } else if self.fill_valid.val() && quiet {
            Op::Fill
        } else {
            Op::None
        };
        let entry = Entry {
            sid: self.fill_sid.val().u64(),
            vpn: if inv { self.inv_vpn.val().u64() } else { self.fill_vpn.val().u64() },
            mask: if inv { 0 } else { self.fill_mask.val().u64() },
            ppn: self.fill_ppn.val().u64(),
            perm: self.fill_perm.val().u64(),
            attr: if self._attributes { self.fill_attr.val().u64() } else { 0 },
            ng: self.fill_ng.val(),
            asid: if inv { self.inv_asid.val().u64() } else { self.fill_asid.val().u64() },
            vmid: if inv { self.inv_vmid.val().u64() } else { self.fill_vmid.val().u64() },
            part: self.fill_part.val(),
            bank: if self._has_banks { self.fill_bank.val().u64() } else { 0 },
        };
        OpReg {
            op,
            entry,
            use_hyp: self.inv_use_hyp.val(),
            hyp: self.inv_hyp.val(),
            use_vmid: self.inv_use_vmid.val(),
            use_asid: self.inv_use_asid.val(),
            use_va: self.inv_use_va.val(),
        }
    }

    /// The entry that a look-up may select in the next cycle.
    fn compare(&self, gone: &[bool; N], look: &Look) -> Option<Entry> {
        let answers = |e: &Entry| {
            e.sid == look.sid
                && e.perm & look.need != 0
                && !(look.over && e.mask >> 6 == 1)
                && (e.vpn ^ look.vpn) & !offset_bits(e.mask) == 0
        };
        (0..N).find(|&i| self._valid[i] && !gone[i] && answers(&self._entries[i])).map(|i| self._entries[i])
    }
}

impl<const N: usize> Logic for MicroTlb<N> {
    fn update(&mut self) {
        if !self.clock.pos_edge() {
            return;
        }
        let op = self._op;
        let fill = op.op == Op::Fill;
        let hole = self._valid.iter().position(|v| !v);
        let victim = hole.unwrap_or(self._robin);
        let mut gone = [false; N];
        for (i, g) in gone.iter_mut().enumerate() {
            *g = (op.op != Op::None && op.drops(&self._entries[i])) || (fill && i == victim);
        }

        let look =
            |sid: Word<16>, vpn: Word<37>, need: Word<6>, over| Look { sid: sid.u64(), vpn: vpn.u64(), need: need.u64(), over };
        let rd = look(self.rd_sid.val(), self.rd_vpn.val(), self.rd_need.val(), self.rd_over.val());
        let wr = look(self.wr_sid.val(), self.wr_vpn.val(), self.wr_need.val(), self.wr_over.val());
        let (mut rd, mut wr) = (self.compare(&gone, &rd), self.compare(&gone, &wr));
        for (valid, g) in self._valid.iter_mut().zip(&gone) {
            *valid &= !g;
        }
        if fill {
            self._entries[victim] = op.entry;
            self._valid[victim] = true;
            if hole.is_none() {
                self._robin = (self._robin + 1) % N;
            }
        }
        self._op = self.next_op();
        if !self.aresetn.val() {
            self._valid = [false; N];
            self._op.op = Op::None;
            self._robin = 0;
            (rd, wr) = (None, None);
        }

        let e = rd.unwrap_or_default();
        self.rd_hit.next = rd.is_some();
        self.rd_ppn.next = e.ppn.into();
        self.rd_mask.next = e.mask.into();
        self.rd_attr.next = e.attr.into();
        self.rd_bank.next = e.bank.into();
        let e = wr.unwrap_or_default();
        self.wr_hit.next = wr.is_some();
        self.wr_ppn.next = e.ppn.into();
        self.wr_mask.next = e.mask.into();
        self.wr_attr.next = e.attr.into();
        self.wr_bank.next = e.bank.into();
    }

    fn connect(&mut self) {
        self.rd_hit.connect();
        self.rd_ppn.connect();
        self.rd_mask.connect();
        self.rd_attr.connect();
        self.rd_bank.connect();
        self.wr_hit.connect();
        self.wr_ppn.connect();
        self.wr_mask.connect();
        self.wr_attr.connect();
        self.wr_bank.connect();
    }

    fn hdl(&self) -> Verilog {
        // Outputs are continuous assignments from the match registers, hence the wrapper form.
        let attributes = if self._attributes { attribute_verilog::<N>() } else { NO_ATTRIBUTES.to_string() };
        Verilog::Wrapper(Wrapper { code: verilog::<N>(self._has_banks) + &attributes, cores: String::new() })
    }
}

/// The page-number bits that a size thermometer leaves in the comparison (see [`offset_bits`]), as the parts of a concatenation.
fn kept(mask: &str) -> String {
    CHUNKS.iter().enumerate().rev().map(|(k, (_, n))| format!("{{{n}{{~{mask}[{k}]}}}}")).collect::<Vec<_>>().join(", ")
}

/// The statements that compare every tag: with the two look-ups, and with the operation if there is one.
fn compare(entries: usize) -> String {
    let each = |term: &dyn Fn(usize) -> String| (0..entries).rev().map(term).collect::<Vec<_>>().join(",\n    ");
    let same = |port: &str| {
        each(&|i| {
            format!(
                "(sid_{i} == {port}_sid) & (|(perm_{i} & {port}_need)) & ~(mask_{i}[6] & {port}_over) & ~(|((vpn_{i} ^ {port}_vpn) & keep_{i}))"
            )
        })
    };
    let page = |i: usize| format!("~(|((vpn_{i} ^ op_vpn) & keep_{i} & op_keep))");
    let dropped = each(&|i| {
        format!(
            "(~op_use_hyp | (vmid_{i}[16] == op_hyp)) & (~op_use_vmid | (vmid_{i} == op_vmid)) & (~op_use_va | part_{i} | {}) & (~op_use_asid | (op_use_va ? ~ng_{i} | (asid_{i} == op_asid) : ng_{i} & (asid_{i} == op_asid)))",
            page(i)
        )
    });
    let overlaps = each(&|i| format!("{} & (sid_{i} == op_sid)", page(i)));
    format!(
        "\
  // One operation at a time. Seldom: a simulator need not compare where there is none.
  gone = {{{entries}{{op_all}}}};
  if (op_inv) gone = gone | {{
    {dropped}}};
  if (op_fill) gone = gone | victim | {{
    {overlaps}}};
  rd_same = {{
    {}}};
  wr_same = {{
    {}}};
",
        same("rd"),
        same("wr")
    )
}

/// The block in Verilog: every entry written out, because tools agree on plain registers more than on arrays of them.
fn verilog<const N: usize>(has_banks: bool) -> String {
    let mut v = String::new();
    let top = N - 1;
    let _ = writeln!(
        v,
        "\
reg [{top}:0] valid, rd_match, wr_match, robin;
reg op_all, op_inv, op_fill, op_use_hyp, op_hyp, op_use_vmid, op_use_asid, op_use_va, op_ng, op_part;
reg [15:0] op_sid;
reg [36:0] op_vpn;
reg [6:0] op_mask;
reg [35:0] op_ppn;
reg [5:0] op_perm;
reg [15:0] op_asid;
reg [16:0] op_vmid;
wire [36:0] op_keep = {{{op_keep}}};
wire full = &valid;
wire [{top}:0] victim = full ? robin : ~valid & (valid + {N}'h1);
// What follows is compared at the clock edge only, so a simulator need not do it whenever an input moves.
reg [{top}:0] gone, rd_same, wr_same;
initial begin
  valid = {N}'h0;
  rd_match = {N}'h0;
  wr_match = {N}'h0;
  robin = {N}'h1;
  op_all = 1'b0;
  op_inv = 1'b0;
  op_fill = 1'b0;
end
always @(posedge clock) begin
  op_use_hyp <= inv_use_hyp;
  op_hyp <= inv_hyp;
  op_use_vmid <= inv_use_vmid;
  op_use_asid <= inv_use_asid;
  op_use_va <= inv_use_va;
  op_sid <= fill_sid;
  op_vpn <= inv_valid ? inv_vpn : fill_vpn;
  op_mask <= inv_valid ? 7'h0 : fill_mask;
  op_ppn <= fill_ppn;
  op_perm <= fill_perm;
  op_ng <= fill_ng;
  op_part <= fill_part;
  op_asid <= inv_valid ? inv_asid : fill_asid;
  op_vmid <= inv_valid ? inv_vmid : fill_vmid;
  op_all <= drop_all;
  op_inv <= inv_valid & ~drop_all;
  op_fill <= fill_valid & ~inv_valid & ~drop_all & ~op_inv & ~op_all;
{compare}  valid <= (valid & ~gone) | (op_fill ? victim : {N}'h0);
  rd_match <= valid & ~gone & rd_same;
  wr_match <= valid & ~gone & wr_same;
  if (op_fill & full) robin <= {{robin[{top2}:0], robin[{top}]}};
  if (~aresetn) begin
    op_all <= 1'b0;
    op_inv <= 1'b0;
    op_fill <= 1'b0;
    valid <= {N}'h0;
    rd_match <= {N}'h0;
    wr_match <= {N}'h0;
    robin <= {N}'h1;
  end
end",
        top2 = N - 2,
        compare = compare(N),
        op_keep = kept("op_mask"),
    );
    for i in 0..N {
        let keep = kept(&format!("mask_{i}"));
        let _ = writeln!(
            v,
            "\
reg [15:0] sid_{i};
reg [36:0] vpn_{i};
reg [6:0] mask_{i};
reg [35:0] ppn_{i};
reg [5:0] perm_{i};
reg ng_{i}, part_{i};
reg [15:0] asid_{i};
reg [16:0] vmid_{i};
wire [36:0] keep_{i} = {{{keep}}};
initial begin
  sid_{i} = 16'h0;
  vpn_{i} = 37'h0;
  mask_{i} = 7'h0;
  ppn_{i} = 36'h0;
  perm_{i} = 6'h0;
  ng_{i} = 1'b0;
  part_{i} = 1'b0;
  asid_{i} = 16'h0;
  vmid_{i} = 17'h0;
end
always @(posedge clock) if (op_fill & victim[{i}]) begin
  sid_{i} <= op_sid;
  vpn_{i} <= op_vpn;
  mask_{i} <= op_mask;
  ppn_{i} <= op_ppn;
  perm_{i} <= op_perm;
  ng_{i} <= op_ng;
  part_{i} <= op_part;
  asid_{i} <= op_asid;
  vmid_{i} <= op_vmid;
end"
        );
    }
    if has_banks {
        let _ = writeln!(v, "reg [7:0] op_bank;\nalways @(posedge clock) op_bank <= fill_bank;");
        for i in 0..N {
            let _ = writeln!(v, "reg [7:0] bank_{i};\ninitial bank_{i} = 8'h0;");
            let _ = writeln!(v, "always @(posedge clock) if (op_fill & victim[{i}]) bank_{i} <= op_bank;");
        }
    }
    let mut fields = vec![("ppn", 36), ("mask", 7)];
    if has_banks {
        fields.push(("bank", 8));
    } else {
        v.push_str("assign rd_bank = 8'h0;\nassign wr_bank = 8'h0;\n");
    }
    for port in ["rd", "wr"] {
        let _ = writeln!(v, "assign {port}_hit = |{port}_match;");
        for &(field, width) in &fields {
            let terms: Vec<String> = (0..N).map(|i| format!("({{{width}{{{port}_match[{i}]}}}} & {field}_{i})")).collect();
            let _ = writeln!(v, "assign {port}_{field} = {};", terms.join(" | "));
        }
    }
    v
}

/// What hardware without attributes shows of them.
const NO_ATTRIBUTES: &str = "assign rd_attr = 18'h0;\nassign wr_attr = 18'h0;\n";

/// The entries' attributes, beside the rest of [`verilog`].
fn attribute_verilog<const N: usize>() -> String {
    let mut v = "reg [17:0] op_attr;\nalways @(posedge clock) op_attr <= fill_attr;\n".to_string();
    for i in 0..N {
        let _ = writeln!(
            v,
            "reg [17:0] attr_{i};\ninitial attr_{i} = 18'h0;\nalways @(posedge clock) if (op_fill & victim[{i}]) attr_{i} <= op_attr;"
        );
    }
    for port in ["rd", "wr"] {
        let terms: Vec<String> = (0..N).map(|i| format!("({{18{{{port}_match[{i}]}}}} & attr_{i})")).collect();
        let _ = writeln!(v, "assign {port}_attr = {};", terms.join(" | "));
    }
    v
}

#[cfg(test)]
#[path = "tests/micro_tlb.rs"]
mod tests;
