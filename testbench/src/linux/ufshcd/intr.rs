//! Interrupts, the check for errors, the register dump, the error handler.

use super::{reg, Hba, HbaState, Level, Platform, Result, DUMP_WORDS};
use crate::ufs::registers::Interrupts;

/// Interrupts that the driver takes as fatal (as of the kernel of the logs: UTP errors are not among them).
pub(super) fn fatal() -> Interrupts {
    Interrupts::new().with_dfes(true).with_hcfes(true).with_sbfes(true).with_cefes(true)
}

/// The registers that a dump leaves out because reading them clears them.
fn read_clears(offset: u32) -> bool {
    (reg::UECPA..=reg::UECDME).contains(&offset)
}

impl Hba {
    /// The interrupt handler: read, acknowledge, handle, until nothing is left.
    pub(super) fn interrupt(&mut self, p: &mut Platform) -> Result<()> {
        let mut status = p.kernel.ufs_read(reg::IS)?;
        let mut retries = self.slots;
        while status != 0 && retries > 0 {
            let enabled = status & p.kernel.ufs_read(reg::IE)?;
            p.kernel.ufs_write(reg::IS, status)?;
            if enabled != 0 {
                self.handle(p, Interrupts::from(enabled))?;
            }
            status = p.kernel.ufs_read(reg::IS)?;
            retries -= 1;
        }
        Ok(())
    }

    fn handle(&mut self, p: &mut Platform, status: Interrupts) -> Result<()> {
        if status.uccs() {
            let result = p.kernel.ufs_read(reg::UCMDARG2)? as u8;
            let value = p.kernel.ufs_read(reg::UCMDARG3)?;
            self.uic_done = Some((result, value));
        }
        if status.upms() || status.uhxs() || status.uhes() {
            self.power_done = true;
        }
        if u32::from(status) & u32::from(fatal().with_ue(true).with_ulls(true)) != 0 {
            self.check_errors(p, status)?;
        }
        if status.utrcs() {
            self.complete_transfers(p)?;
        }
        Ok(())
    }

    /// Slots whose doorbell bit fell have ended.
    fn complete_transfers(&mut self, p: &mut Platform) -> Result<()> {
        let ended = self.outstanding & !p.kernel.ufs_read(reg::UTRLDBR)?;
        self.outstanding &= !ended;
        for slot in (0..self.slots as u8).filter(|slot| ended >> slot & 1 == 1) {
            if slot == self.reserved_slot() {
                self.dev_cmd_done = true;
            } else {
                self.done.push(slot);
            }
        }
        Ok(())
    }

    /// Saves what the error handler needs, prints it with a register dump, queues the handler.
    fn check_errors(&mut self, p: &mut Platform, status: Interrupts) -> Result<()> {
        let errors = u32::from(status) & u32::from(fatal());
        if status.ue() {
            self.saved_uic_err |= self.read_uic_errors(p)?;
        }
        if errors == 0 && self.saved_uic_err == 0 && !status.ulls() {
            return Ok(());
        }
        self.saved_err |= u32::from(status);
        if errors != 0 {
            let text = format!("ufshcd_check_errors: saved_err 0x{:x} saved_uic_err 0x{:x}", self.saved_err, self.saved_uic_err);
            self.print(p, Level::Err, &text)?;
            self.dump_registers(p)?;
            self.state = HbaState::EhFatal;
        }
        self.eh_work = true;
        Ok(())
    }

    /// Layers with an error, one bit each. Reading the registers clears them.
    fn read_uic_errors(&mut self, p: &mut Platform) -> Result<u32> {
        const ERROR: u32 = 1 << 31;
        let mut layers = 0;
        for (n, offset) in [reg::UECPA, reg::UECDL, reg::UECN, reg::UECT, reg::UECDME].into_iter().enumerate() {
            if p.kernel.ufs_read(offset)? & ERROR != 0 {
                layers |= 1 << n;
            }
        }
        Ok(layers)
    }

    /// Reads the standard registers but those that clear, and prints them.
    fn dump_registers(&mut self, p: &mut Platform) -> Result<()> {
        let mut words = [0; DUMP_WORDS];
        for (n, word) in words.iter_mut().enumerate() {
            let offset = 4 * n as u32;
            if !read_clears(offset) {
                *word = p.kernel.ufs_read(offset)?;
            }
        }
        self.dump = Some(words);
        dump_lines(&words).into_iter().try_for_each(|line| p.kernel.printk(Level::Err, line))
    }

    /// Says that it started; then it needs the semaphore that the scan holds. When the scan has failed there is no logical unit and
    /// nothing to recover, so it ends without a word.
    pub(super) fn error_handler(&mut self, p: &mut Platform) -> Result<()> {
        let text = format!(
            "ufshcd_err_handler started; HBA state {}; powered {}; shutting down {}; saved_err = {}; saved_uic_err = {}; force_reset = {}",
            self.state.name(),
            u8::from(self.powered),
            u8::from(self.shutting_down),
            self.saved_err,
            self.saved_uic_err,
            u8::from(self.force_reset),
        );
        self.print(p, Level::Err, &text)
    }
}

/// The kernel's hex dump: 16 bytes a row in words, with offsets.
pub fn dump_lines(words: &[u32; DUMP_WORDS]) -> Vec<String> {
    let row = |(n, row): (usize, &[u32])| {
        let words: Vec<_> = row.iter().map(|word| format!("{word:08x}")).collect();
        format!("host_regs: {:08x}: {}", 16 * n, words.join(" "))
    };
    words.chunks(4).enumerate().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_four_words_and_an_offset() {
        let mut words = [0; DUMP_WORDS];
        words[0x50 / 4] = 0x85109000;
        words[0x54 / 4] = 8;
        let lines = dump_lines(&words);
        assert_eq!(lines.len(), 10);
        assert_eq!(lines[5], "host_regs: 00000050: 85109000 00000008 00000000 00000000");
        assert_eq!(lines[9], "host_regs: 00000090: 00000000 00000000 00000000 00000000");
    }

    #[test]
    fn fatal_interrupts() {
        assert_eq!(u32::from(fatal()), 0x7_0800);
    }
}
