//! The SCSI disk layer, as far as a block request needs it: what a logical unit is, and READ(10)/WRITE(10).

use super::dma::{Direction, Mapping};
use super::kernel::Level;
use super::pages::PAGE;
use super::platform::Platform;
use super::ufshcd::{Done, Hba, ScsiCommand};
use super::{errno, Result};

const TEST_UNIT_READY: u8 = 0x00;
const INQUIRY: u8 = 0x12;
const READ_CAPACITY_10: u8 = 0x25;
const READ_10: u8 = 0x28;
const WRITE_10: u8 = 0x2a;
/// Bytes of standard INQUIRY data that the layer asks for.
const INQUIRY_BYTES: usize = 36;

/// A logical unit with blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Logical unit number.
    pub lun: u8,
    /// Blocks.
    pub blocks: u64,
    /// Bytes in a block.
    pub block_bytes: u32,
}

impl Disk {
    /// Looks at a logical unit and prints what it is. `Err`: an error number.
    pub fn attach(hba: &mut Hba, p: &mut Platform, lun: u8) -> Result<std::result::Result<Self, i32>> {
        let mut none = [0; 0];
        // The first command after a reset may report that there was one.
        execute(hba, p, lun, &[TEST_UNIT_READY, 0, 0, 0, 0, 0], &mut none)?;
        let mut inquiry = [0; INQUIRY_BYTES];
        let cdb = [INQUIRY, 0, 0, 0, INQUIRY_BYTES as u8, 0];
        if !execute(hba, p, lun, &cdb, &mut inquiry)?.good() {
            return Ok(Err(errno::EIO));
        }
        let text = |range: std::ops::Range<usize>| String::from_utf8_lossy(&inquiry[range]).into_owned();
        p.kernel.printk(
            Level::Notice,
            format!(
                "scsi 0:0:0:{lun}: Direct-Access     {} {} {} PQ: 0 ANSI: {}",
                text(8..16),
                text(16..32),
                text(32..36),
                inquiry[2]
            ),
        )?;
        let mut capacity = [0; 8];
        if !execute(hba, p, lun, &[READ_CAPACITY_10, 0, 0, 0, 0, 0, 0, 0, 0, 0], &mut capacity)?.good() {
            return Ok(Err(errno::EIO));
        }
        let word = |n: usize| u32::from_be_bytes([capacity[n], capacity[n + 1], capacity[n + 2], capacity[n + 3]]);
        let disk = Disk { lun, blocks: u64::from(word(0)) + 1, block_bytes: word(4) };
        let bytes = disk.blocks as f64 * f64::from(disk.block_bytes);
        p.kernel.printk(
            Level::Notice,
            format!(
                "sd 0:0:0:{lun}: [sda] {} {}-byte logical blocks: ({:.1} GB/{:.1} GiB)",
                disk.blocks,
                disk.block_bytes,
                bytes / 1e9,
                bytes / f64::from(1u32 << 30)
            ),
        )?;
        Ok(Ok(disk))
    }

    /// The command block of a read or write.
    pub fn cdb(&self, write: bool, lba: u32, blocks: u16) -> [u8; 10] {
        let (l, n) = (lba.to_be_bytes(), blocks.to_be_bytes());
        [if write { WRITE_10 } else { READ_10 }, 0, l[0], l[1], l[2], l[3], 0, n[0], n[1], 0]
    }
}

/// Runs one command that moves `data.len()` bytes from the device, at most a page, and waits for it.
fn execute(hba: &mut Hba, p: &mut Platform, lun: u8, cdb: &[u8], data: &mut [u8]) -> Result<Done> {
    debug_assert!(data.len() as u64 <= PAGE);
    const NOT_RUN: Done = Done { slot: 0, ocs: 0xf, response_ok: false, status: 0, residual: 0 };
    let Some(slot) = hba.free_slot() else { return Ok(NOT_RUN) };
    let page = p.kernel.zeroed_page()?;
    let mapping = if data.is_empty() { None } else { Some(p.map(&[page], Direction::FromDevice)?) };
    let command = ScsiCommand { lun, cdb, bytes: data.len() as u32, direction: Direction::FromDevice };
    hba.queue(p, slot, command, mapping.as_ref())?;
    hba.wait_done(p)?;
    let done = hba.next_done(p)?.unwrap_or(NOT_RUN);
    release(p, mapping.as_ref(), |p| p.kernel.read(page, data))?;
    p.kernel.pages.free(page);
    Ok(done)
}

/// Ends a mapping, then lets the CPU look at the data.
fn release(p: &mut Platform, mapping: Option<&Mapping>, look: impl FnOnce(&mut Platform) -> Result<()>) -> Result<()> {
    if let Some(mapping) = mapping {
        p.unmap(mapping)?;
    }
    look(p)
}
