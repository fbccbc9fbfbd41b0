//! Reading reports of the tools' own form, cut down to one path.

use super::*;

const CELLS: &str =
    r#"{"design": {"num_cells_by_type": {"LUT4": 120, "TRELLIS_FF": 300, "TRELLIS_DPR16X4": 4, "CCU2C": 3, "$scopeinfo": 9}}}"#;

fn segment(kind: &str, delay: f64, cell: &str, port: &str, net: Option<&str>) -> serde_json::Value {
    serde_json::json!({"type": kind, "delay": delay, "net": net,
        "from": {"cell": cell, "port": port, "loc": [1, 2]}, "to": {"cell": "dut.tcu.done_q_TRELLIS_FF_Q_3", "port": "D", "loc": [3, 4]}})
}

fn folder(name: &str, pnr: &serde_json::Value) -> std::path::PathBuf {
    let dir = std::env::temp_dir().join(format!("smmu-fpga-report-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("cells.json"), CELLS).unwrap();
    std::fs::write(dir.join("pnr.json"), pnr.to_string()).unwrap();
    dir
}

#[test]
fn figures_are_without_the_wrapper_and_the_path_is_in_block_names() {
    let slow = [
        segment("clk-to-q", 0.5, "dut.tcu.walker.state_q_TRELLIS_FF_Q", "Q", None),
        segment("routing", 1.0, "dut.tcu.walker.state_q_TRELLIS_FF_Q", "Q", Some("dut.tcu.walker.state_q[2]")),
        segment("logic", 0.25, "c", "F", None),
        segment("routing", 2.0, "dut.tcu.c_LUT4_Z", "F", Some("dut.tcu.walker.state_q_LUT4_A_Z_PFUMX_Z[1]")),
        segment("setup", 0.25, "d", "DI", None),
    ];
    let pnr = serde_json::json!({
        "fmax": {"clk": {"achieved": 250.0, "constraint": 100.0}},
        "utilization": {"TRELLIS_COMB": {"available": 1000, "used": 130}},
        "critical_paths": [
            {"from": "posedge clk", "to": "<async>", "path": [segment("routing", 99.0, "a", "Q", Some("in_x"))]},
            {"from": "posedge clk", "to": "posedge clk", "path": slow},
        ],
    });
    let dir = folder("good", &pnr);
    let report = read_report("mini", &dir, Overhead { ff: 100, lut: 20 }, 100.0).unwrap();
    assert_eq!((report.lut4, report.ff, report.lut_ram, report.carry, report.block_ram), (100, 200, 4, 3, 0));
    assert_eq!((report.fmax_mhz, report.lut_places), (250.0, 130));
    assert_eq!((report.logic_ns, report.routing_ns), (1.0, 3.0));
    let path: Vec<(&str, &str)> = report.critical_path.iter().map(|s| (s.signal.as_str(), s.driver.as_str())).collect();
    assert_eq!(path, [("tcu.walker.state_q[2]", "register"), ("tcu.walker.state_q", "logic")]);
    assert_eq!(report.critical_path[1].at_ns, 3.75);
    assert_eq!(report.critical_end, "tcu.done_q");
    let text = report.to_string();
    assert!(text.contains("Fmax          250.0  MHz") && text.contains("13 %"), "{text}");
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_report_of_another_form_is_refused() {
    let pnr = serde_json::json!({"fmax": {}, "utilization": {"TRELLIS_COMB": {"available": 1, "used": 1}}, "critical_paths": []});
    let dir = folder("bad", &pnr);
    let error = read_report("mini", &dir, Overhead { ff: 0, lut: 0 }, 100.0).unwrap_err();
    assert!(matches!(&error, FpgaError::Report { what: "fmax", .. }), "{error}");
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn ports_are_named_as_ports() {
    assert_eq!(signal_name("in_s_axi_araddr[3]"), "port s_axi_araddr[3]");
    assert_eq!(signal_name("dut.tbu.hit_TRELLIS_FF_Q_DI_LUT4_Z"), "tbu.hit");
    assert_eq!(signal_name("dut.tcu.tlb.tag_1.mem.0.1_DO_3[2]"), "tcu.tlb.tag_1.mem");
}
