//! Where each pin of the hardware stands in [`Inputs`](super::Inputs) and [`Outputs`](super::Outputs), by the pin's name in the Verilog.
//!
//! The build script includes this file, too: what it generates for a model comes from the model's port list and this one mapping.

/// Pins that the Verilog has and the device trait does not: the hardware takes no notice of them, engines hold them low.
pub const UNUSED: &[&str] = &["s_axil_ctrl_awprot", "s_axil_ctrl_arprot"];

/// The field of `Inputs` or `Outputs` that a pin is, as a Rust place expression: `s_axi_awaddr` is `s_axi[0].aw.addr`, and so is
/// `s0_axi_awaddr`; `m2_axi_arid` is `m_axi[2].ar.id`; `s_axil_ctrl_awaddr` is `ctrl.awaddr`. `None` if there is none.
pub fn field(pin: &str) -> Option<String> {
    if ["aresetn", "irq_global", "irq_context", "irq_pmu"].contains(&pin) {
        return Some(pin.to_string());
    }
    if let Some(rest) = pin.strip_prefix("s_axil_ctrl_") {
        let (channel, signal) = split(rest)?;
        let known = match signal {
            "valid" | "ready" => true,
            "addr" => channel.starts_with('a'),
            "data" => channel == "w" || channel == "r",
            "strb" => channel == "w",
            "resp" => channel == "b" || channel == "r",
            _ => false,
        };
        return known.then(|| format!("ctrl.{channel}{signal}"));
    }
    let (bus, rest) = if let Some(rest) = pin.strip_prefix("m_axi_ptw_") {
        ("m_axi_ptw".to_string(), rest)
    } else {
        let side = pin.get(..1).filter(|side| ["s", "m"].contains(side))?;
        let (number, rest) = pin[1..].split_once("_axi_")?;
        let number = if number.is_empty() { 0 } else { number.parse::<usize>().ok()? };
        (format!("{side}_axi[{number}]"), rest)
    };
    let (channel, signal) = split(rest)?;
    if matches!(signal, "valid" | "ready") {
        return Some(format!("{bus}.{channel}{signal}"));
    }
    let known: &[&str] = match channel {
        "aw" | "ar" => &["id", "addr", "len", "size", "burst", "lock", "cache", "prot", "qos", "region", "user"],
        "w" => &["data", "strb", "last"],
        "b" => &["id", "resp"],
        _ => &["id", "data", "resp", "last"],
    };
    known.contains(&signal).then(|| format!("{bus}.{channel}.{signal}"))
}

/// Channel and signal of the end of a bus pin's name: `awaddr` is `aw`, `addr`.
fn split(name: &str) -> Option<(&str, &str)> {
    ["aw", "ar", "w", "b", "r"].iter().find_map(|channel| Some((*channel, name.strip_prefix(channel)?)))
}
