//! The bugs that a test may choose.

/// What the device does wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Nothing.
    #[default]
    None,
    /// `m_axi_arvalid` goes away before it is taken.
    DropValid,
    /// A write response that nobody asked for.
    ExtraResponse,
    /// Address bit 12 is flipped downstream.
    WrongAddress,
    /// AxCACHE is lost downstream.
    WrongCache,
    /// A read that nobody asked for goes downstream.
    Speculate,
    /// What must be refused goes downstream at its own address.
    PassFaults,
    /// Everything is refused.
    RefuseAll,
    /// A refusal that must be an error is answered with zeros.
    WrongRefusal,
    /// A refused read shows data.
    ShowData,
    /// A bit of read data is flipped.
    CorruptRead,
    /// A bit of write data is flipped.
    CorruptWrite,
    /// A strobe is lost.
    LoseStrobe,
    /// A good response becomes an error.
    WrongResponse,
    /// Register reads have bit 0 of MAIR0 flipped.
    WrongRegister,
    /// Register writes are answered with an error.
    RegisterError,
    /// Fault addresses are recorded without their low bits.
    WrongFar,
    /// A second fault does not set MULTI.
    NoMulti,
    /// A second fault overwrites the record of the first.
    LastFaultWins,
    /// Context interrupts are never raised.
    IrqLow,
    /// Context interrupts are raised without a fault.
    IrqHigh,
    /// Context interrupts come this many cycles late.
    IrqLate(u64),
    /// The PMU interrupt is high.
    IrqPmu,
    /// Invalidations are ignored.
    NoInvalidation,
    /// A synchronization ends at once.
    EarlySync,
    /// A synchronization never ends, not even one that nobody asked for.
    EndlessSync,
    /// A pending fault does not stop later transactions.
    IgnoreHupcf,
    /// Walks read far beyond their tables.
    WildWalk,
    /// The third read is never answered.
    LoseRead,
    /// The second of two reads of an id goes first.
    Overtake,
    /// A register write holds this many cycles after its response.
    LateWrite(u64),
}
