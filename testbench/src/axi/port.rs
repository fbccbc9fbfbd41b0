//! A DMA engine's view of its AXI port: requests out, completions back. The engine knows neither pins nor the SMMU.

/// What an access is for, so that traces and fault injection can name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// No particular purpose (raw traffic).
    #[default]
    Raw,
    /// UTP transfer request descriptor read.
    Utrd,
    /// Command UPIU read.
    CommandUpiu,
    /// PRDT read.
    Prdt,
    /// Data read or written for the device.
    Data,
    /// Response UPIU write.
    ResponseUpiu,
    /// Overall command status write.
    Ocs,
    /// Task management descriptor access.
    Utmrd,
}

/// One transfer of contiguous bytes. The port cuts it into AXI bursts (never across 4 KiB).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transfer {
    /// The caller's own number, returned with the completion.
    pub tag: u64,
    /// First byte address (up to 49 bits).
    pub addr: u64,
    /// Bytes to read; for a write, `data.len()` counts.
    pub bytes: usize,
    /// Bytes to write; `None` for a read.
    pub data: Option<Vec<u8>>,
    /// AXI id.
    pub id: u32,
    /// AxPROT.
    pub prot: u8,
    /// AxCACHE.
    pub cache: u8,
    /// StreamID.
    pub stream_id: u32,
    /// For traces.
    pub purpose: Purpose,
}

/// The end of a [`Transfer`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// The transfer's tag.
    pub tag: u64,
    /// Worst response of any beat: 0 OKAY, 2 SLVERR, 3 DECERR.
    pub resp: u8,
    /// Bytes read (empty for a write).
    pub data: Vec<u8>,
}

/// What a DMA engine may ask of its port.
pub trait AxiPort {
    /// Queues a transfer. False: too many are outstanding, try again in a later cycle.
    fn post(&mut self, transfer: Transfer) -> bool;
    /// The next finished transfer, in the order in which they finish.
    fn completed(&mut self) -> Option<Completion>;
    /// Transfers posted and not yet taken back.
    fn outstanding(&self) -> usize;
}
