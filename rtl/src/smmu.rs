//! The top of the hardware: ports, and what is wired to what. (Skeleton: ports only.)

use crate::axi::*;
use crate::prelude::*;

/// The SMMU. `SMR` stream match groups, `CB` context banks, `UTLB` micro TLB entries, `SETS` main TLB sets of 4 lines, `ROWS` walks,
/// `MISSQ` parked reads, `IDW` AXI id bits, `DW` data bits, `SW` strobe bits, `RAW` register address bits.
#[derive(LogicBlock, Default)]
pub struct Smmu<
    const SMR: usize,
    const CB: usize,
    const UTLB: usize,
    const SETS: usize,
    const ROWS: usize,
    const MISSQ: usize,
    const IDW: usize,
    const DW: usize,
    const SW: usize,
    const RAW: usize,
> {
    pub aclk: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    pub s_axi_aw: AddrIn<IDW, 49>,
    pub s_axi_w: WriteIn<DW, SW>,
    pub s_axi_b: RespOut<IDW>,
    pub s_axi_ar: AddrIn<IDW, 49>,
    pub s_axi_r: ReadOut<IDW, DW>,
    pub m_axi_aw: AddrOut<IDW, 48>,
    pub m_axi_w: WriteOut<DW, SW>,
    pub m_axi_b: RespIn<IDW>,
    pub m_axi_ar: AddrOut<IDW, 48>,
    pub m_axi_r: ReadIn<IDW, DW>,
    pub m_axi_ptw_ar: AddrOut<4, 48>,
    pub m_axi_ptw_r: ReadIn<4, 64>,
    pub s_axil_ctrl_aw: LiteAddrIn<RAW>,
    pub s_axil_ctrl_w: LiteWriteIn,
    pub s_axil_ctrl_b: LiteRespOut,
    pub s_axil_ctrl_ar: LiteAddrIn<RAW>,
    pub s_axil_ctrl_r: LiteReadOut,
    pub irq_global: Signal<Out, Bit>,
    pub irq_context: Signal<Out, Word<CB>>,
    pub irq_pmu: Signal<Out, Bit>,
}

impl<
        const SMR: usize,
        const CB: usize,
        const UTLB: usize,
        const SETS: usize,
        const ROWS: usize,
        const MISSQ: usize,
        const IDW: usize,
        const DW: usize,
        const SW: usize,
        const RAW: usize,
    > Logic for Smmu<SMR, CB, UTLB, SETS, ROWS, MISSQ, IDW, DW, SW, RAW>
{
    fn update(&mut self) {}
}

/// Preset `mini`.
pub type SmmuMini = Smmu<8, 4, 8, 2, 4, 4, 4, 64, 8, 17>;
/// Preset `zynqmp`.
pub type SmmuZynqmp = Smmu<48, 16, 16, 16, 8, 8, 6, 128, 16, 17>;
/// Preset `sc8180x`.
pub type SmmuSc8180x = Smmu<128, 128, 32, 64, 16, 16, 6, 64, 8, 20>;
/// Preset `sm8550`: the sizes of `sc8180x` with a 128-bit data path.
pub type SmmuSm8550 = Smmu<128, 128, 32, 64, 16, 16, 6, 128, 16, 20>;
