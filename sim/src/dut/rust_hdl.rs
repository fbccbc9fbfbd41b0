//! The RustHDL engine (to be written).
use super::Device;
use smmu_rtl::params::Params;

/// A device of that preset.
pub fn device(_params: &'static Params) -> Box<dyn Device> {
    todo!()
}
