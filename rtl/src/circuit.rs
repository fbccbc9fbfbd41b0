//! Presets as circuits, behind one trait object.
//!
//! The top is generic over its sizes, so each preset is a type of its own, and a big one to compile. [`circuit`] elaborates a preset and hides
//! the type: whoever runs or prints hardware works with `dyn Circuit`, and the kernels are compiled here only.

use crate::params::Params;
use crate::prelude::*;
use crate::smmu::{SmmuFour, SmmuMini, SmmuMiniPages, SmmuSc8180x, SmmuSm8550, SmmuZynqmp};
use std::any::Any;

/// A connected circuit with the ports of [`crate::smmu::Smmu`].
pub trait Circuit: Block + Send {
    /// The circuit as its own type, for whoever needs its port fields.
    fn as_any(&self) -> &dyn Any;
    /// The same, to drive the ports.
    fn as_any_mut(&mut self) -> &mut dyn Any;
    /// The circuit as a block.
    fn as_block(&self) -> &dyn Block;
    /// One pass of the simulation: kernels, then signals; with the quick step ([`crate::quick`]), until the circuit is at rest.
    fn pass(&mut self);
    /// Whether the last pass changed anything.
    fn moved(&self) -> bool;
}

macro_rules! circuits {
    ($($top:ty),+) => {$(
        impl Circuit for $top {
            fn as_any(&self) -> &dyn Any {
                self
            }
            fn as_any_mut(&mut self) -> &mut dyn Any {
                self
            }
            fn as_block(&self) -> &dyn Block {
                self
            }
            fn pass(&mut self) {
                self.update_all();
            }
            fn moved(&self) -> bool {
                self.has_changed()
            }
        }
    )+};
}
circuits!(SmmuMini, SmmuMiniPages, SmmuZynqmp, SmmuSc8180x, SmmuSm8550, SmmuFour);

/// Stack of the thread that elaborates: a circuit is one big value, built on the stack before it moves to the heap. Only what is touched
/// becomes real memory.
const STACK: usize = 512 << 20;

fn connected<T: Circuit + 'static>(top: T) -> Box<dyn Circuit> {
    let mut top = Box::new(top);
    top.connect_all();
    top
}

/// The circuit of a preset, connected; `None` if there is none of that name. The name chooses the sizes; straps and features are those of
/// `params`.
///
/// # Errors
/// The system gives no thread with room for the elaboration.
pub fn circuit(params: &Params) -> std::io::Result<Option<Box<dyn Circuit>>> {
    let elaborate: fn(&Params) -> Box<dyn Circuit> = match params.name {
        "mini" | "full" | "indexed" if params.features.reg_pages_64k => |params| connected(SmmuMiniPages::new(params)),
        "mini" | "full" => |params| connected(SmmuMini::new(params)),
        "zynqmp" => |params| connected(SmmuZynqmp::new(params)),
        "sc8180x" => |params| connected(SmmuSc8180x::new(params)),
        "sm8550" => |params| connected(SmmuSm8550::new(params)),
        "multi" => |params| connected(SmmuFour::new(params)),
        _ => return Ok(None),
    };
    let params = *params;
    let thread = std::thread::Builder::new().name("elaborate".into()).stack_size(STACK).spawn(move || elaborate(&params))?;
    match thread.join() {
        Ok(top) => Ok(Some(top)),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
