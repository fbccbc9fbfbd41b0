//! What differs from SoC to SoC and from device to device: identification, sizes, AXI attributes, times.
//!
//! Times are in cycles of the AXI clock ([`CLOCK_HZ`]); [`us`] and [`ns`] make them. Figures that no public source gives (bursts,
//! outstanding transactions, latencies) are parameters with plausible values, not facts about a part.

/// AXI clock, Hz.
pub const CLOCK_HZ: u64 = 300_000_000;

/// Cycles in `n` microseconds.
pub const fn us(n: u64) -> u64 {
    n * (CLOCK_HZ / 1_000_000)
}

/// Cycles in `n` nanoseconds, rounded up.
pub const fn ns(n: u64) -> u64 {
    (n * (CLOCK_HZ / 1_000_000)).div_ceil(1000)
}

/// What a bus error on a write (data, response, status) does. A bus error on a read always stops the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteErrorPolicy {
    /// System bus fatal error: the controller stops, as for reads.
    Stop,
    /// The request ends with status 7 (host fatal); the others go on.
    FailRequest,
}

/// The host controller's side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostConfig {
    /// Preset name.
    pub name: &'static str,
    /// `CAP`.
    pub cap: u32,
    /// `VER`.
    pub ver: u32,
    /// `HCPID`.
    pub hcpid: u32,
    /// `HCMID`.
    pub hcmid: u32,
    /// Vendor register `HW_VERSION`.
    pub hw_version: u32,
    /// `CCAP` and the `CRYPTOCAP` words behind it.
    pub crypto_caps: &'static [u32],
    /// The platform's driver uses inline crypto: it sets `HCE.CGE`. (The hardware lets it in any case.)
    pub driver_sets_crypto: bool,
    /// Bytes of the register window; above it reads are zero.
    pub aperture: u32,
    /// `UCMDARG1` after reset.
    pub arg1_reset: u32,
    /// UniPro core clock, Hz.
    pub unipro_hz: u64,
    /// Highest HS gear of the PHY.
    pub max_gear: u8,
    /// Lanes in each direction.
    pub lanes: u8,
    /// Register times.
    pub timing: HostTiming,
    /// DMA engine.
    pub dma: DmaConfig,
}

/// How long the controller takes for what software waits for, in cycles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostTiming {
    /// `HCE` written 1 until it reads 1.
    pub enable: u64,
    /// A local `DME_GET` or `DME_SET`, and other local commands.
    pub uic_local: u64,
    /// A peer `DME_GET` or `DME_SET`.
    pub uic_peer: u64,
    /// `DME_LINKSTARTUP`.
    pub link_startup: u64,
    /// From completion of the `PA_PWRMODE` SET, or of a hibernate command, to its own interrupt.
    pub power_change: u64,
    /// One way over the link, besides the bytes' own time.
    pub link_latency: u64,
}

/// The DMA engine and its AXI port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DmaConfig {
    /// StreamID of every access.
    pub stream_id: u32,
    /// AxPROT of every access.
    pub prot: u8,
    /// AxCACHE of every access.
    pub cache: u8,
    /// AXI id bits: slot numbers are cut to them.
    pub id_bits: u32,
    /// Address bits of the port; higher address bits in descriptors have no wire.
    pub addr_bits: u32,
    /// Longest burst, bytes (a power of two, at most 4096); also the alignment it never crosses.
    pub burst_bytes: u64,
    /// Read bursts in flight.
    pub reads: usize,
    /// Write bursts in flight.
    pub writes: usize,
    /// PRDT entries fetched at once.
    pub prdt_chunk: u32,
    /// Reads the first 12 bytes of a command UPIU before the whole of it.
    pub two_touch_upiu: bool,
    /// Bytes of received data that may wait for the bus before the link is held.
    pub receive_buffer: u64,
    /// See [`WriteErrorPolicy`].
    pub write_error: WriteErrorPolicy,
    /// Newest bus operations kept in the trace; 0 = none.
    pub trace: usize,
}

/// The device behind the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceConfig {
    /// Specification version, for example 0x310.
    pub spec_version: u16,
    /// Manufacturer name (VPD and string descriptor), 8 ASCII characters at most.
    pub vendor: &'static str,
    /// Product name, 16 ASCII characters at most.
    pub product: &'static str,
    /// Serial number.
    pub serial: &'static str,
    /// Logical units: 4096-byte blocks of each, LUN 0 first, 32 at most.
    pub luns: Vec<u64>,
    /// Commands that the device queues.
    pub queue_depth: u8,
    /// Highest HS gear.
    pub max_gear: u8,
    /// The first command to each logical unit after a reset ends with UNIT ATTENTION.
    pub unit_attention: bool,
    /// Payload of a DATA IN, at most (bytes, 4 to 65,532).
    pub data_in_bytes: u32,
    /// Count of a READY TO TRANSFER, at most (bytes, 4 to 65,532).
    pub data_out_bytes: u32,
    /// `bMaxNumOfRTT` after reset: READY TO TRANSFERs outstanding.
    pub max_rtt: u8,
    /// Media bytes a second for reads, all commands together.
    pub read_rate: u64,
    /// Seed of the latency jitter.
    pub seed: u64,
    /// Times.
    pub timing: DeviceTiming,
}

/// Latencies of the device, in cycles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceTiming {
    /// NOP, and the command overhead of everything else.
    pub command: u64,
    /// A QUERY, besides `command`.
    pub query: u64,
    /// Media read until the first data.
    pub read: u64,
    /// From the last data of a write to its response.
    pub write: u64,
    /// Cache flush.
    pub flush: u64,
    /// `fDeviceInit` set until it reads 0.
    pub init: u64,
    /// Reads and writes take up to that much longer, at random.
    pub jitter: u64,
}

const HOST_TIMING: HostTiming = HostTiming {
    enable: us(50),
    uic_local: us(1),
    uic_peer: us(10),
    link_startup: us(200),
    power_change: us(100),
    link_latency: ns(300),
};

/// Device, unprivileged, non-secure.
const PROT_NON_SECURE: u8 = 0b010;
/// Normal memory, not cacheable, bufferable.
const CACHE_NORMAL_NC: u8 = 0b0011;
/// Write-back, read and write allocate: the master snoops.
const CACHE_WRITE_BACK: u8 = 0b1111;

/// Header (one capability, 32 configurations, array at 0x1000) and AES-256-XTS with 4 KiB data units.
const CRYPTO_CAPS: &[u32] = &[0x1000_1f01, 0x0003_0800];

const DMA: DmaConfig = DmaConfig {
    stream_id: 0,
    prot: PROT_NON_SECURE,
    cache: CACHE_NORMAL_NC,
    id_bits: 6,
    addr_bits: 49,
    burst_bytes: 128,
    reads: 8,
    writes: 8,
    prdt_chunk: 8,
    two_touch_upiu: false,
    receive_buffer: 32 << 10,
    write_error: WriteErrorPolicy::Stop,
    trace: 1 << 14,
};

impl HostConfig {
    /// UFSHCI 3.0 host of the SC8180X: 64-bit port, StreamID 0x300, not coherent.
    pub fn sc8180x() -> HostConfig {
        HostConfig {
            name: "sc8180x",
            cap: 0x1587_031f,
            ver: 0x0000_0300,
            hcpid: 0x0100_0000,
            hcmid: 0x0001_0217,
            hw_version: 0x4000_0000,
            crypto_caps: CRYPTO_CAPS,
            driver_sets_crypto: false,
            aperture: 0x2500,
            arg1_reset: 1,
            unipro_hz: 300_000_000,
            max_gear: 4,
            lanes: 2,
            timing: HOST_TIMING,
            dma: DmaConfig { stream_id: 0x300, ..DMA },
        }
    }

    /// UFSHCI 4.0 host of the SM8550: 128-bit port, StreamID 0x60, coherent.
    pub fn sm8550() -> HostConfig {
        HostConfig {
            name: "sm8550",
            cap: 0x3587_031f,
            ver: 0x0000_0400,
            hw_version: 0x5000_0000,
            driver_sets_crypto: true,
            aperture: 0x3000,
            max_gear: 5,
            dma: DmaConfig { stream_id: 0x60, cache: CACHE_WRITE_BACK, burst_bytes: 256, reads: 16, writes: 16, ..DMA },
            ..HostConfig::sc8180x()
        }
    }

    /// The preset of that name.
    pub fn preset(name: &str) -> Option<HostConfig> {
        match name {
            "sc8180x" => Some(HostConfig::sc8180x()),
            "sm8550" => Some(HostConfig::sm8550()),
            _ => None,
        }
    }
}

impl DeviceConfig {
    /// A UFS 3.1 device of 64 GiB.
    pub fn ufs31() -> DeviceConfig {
        DeviceConfig {
            spec_version: 0x0310,
            vendor: "OPENUFS",
            product: "UFS31-64G",
            serial: "0001",
            luns: vec![1 << 24],
            queue_depth: 32,
            max_gear: 4,
            unit_attention: false,
            data_in_bytes: 4096,
            data_out_bytes: 4096,
            max_rtt: 2,
            read_rate: 2_100_000_000,
            seed: 0,
            timing: DeviceTiming {
                command: us(2),
                query: us(20),
                read: us(50),
                write: us(15),
                flush: us(100),
                init: us(2000),
                jitter: us(10),
            },
        }
    }

    /// A UFS 4.0 device of 128 GiB.
    pub fn ufs40() -> DeviceConfig {
        let base = DeviceConfig::ufs31();
        DeviceConfig {
            spec_version: 0x0400,
            product: "UFS40-128G",
            luns: vec![1 << 25],
            max_gear: 5,
            data_in_bytes: 8192,
            data_out_bytes: 8192,
            max_rtt: 4,
            read_rate: 4_200_000_000,
            timing: DeviceTiming { read: us(40), write: us(10), ..base.timing.clone() },
            ..base
        }
    }

    /// What is soldered beside that host ([`HostConfig::preset`] names).
    pub fn preset(name: &str) -> Option<DeviceConfig> {
        match name {
            "sc8180x" => Some(DeviceConfig::ufs31()),
            "sm8550" => Some(DeviceConfig::ufs40()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::registers::Cap;
    use super::*;

    #[test]
    fn capabilities_say_what_the_engine_has() {
        for host in [HostConfig::sc8180x(), HostConfig::sm8550()] {
            let cap = Cap::from(host.cap);
            assert_eq!((cap.nutrs(), cap.nortt(), cap.nutmrs()), (31, 3, 7));
            assert!(cap.addr64() && cap.crypto() && cap.autoh8() && !cap.ehslutrds());
            assert!(host.dma.burst_bytes.is_power_of_two() && host.dma.burst_bytes <= 4096);
        }
        assert!(Cap::from(HostConfig::sm8550().cap).lsdbs() && !Cap::from(HostConfig::sc8180x().cap).lsdbs());
    }

    #[test]
    fn times() {
        assert_eq!(us(1), 300);
        assert_eq!(ns(10), 3);
        assert_eq!(ns(11), 4);
    }
}
