//! `bind-wasm WASM FOLDER NAME` writes `FOLDER/NAME.js` and `FOLDER/NAME.wasm`, as cargo-leptos does by wasm-bindgen's
//! command line.

use std::{env, error::Error, fs, path::PathBuf, process::ExitCode};

use wasm_bindgen_cli_support::Bindgen;

#[expect(clippy::print_stderr, reason = "a command tells its caller why it failed")]
fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [wasm, folder, name] = &arguments[..] else {
        eprintln!("usage: bind-wasm WASM FOLDER NAME");
        return ExitCode::FAILURE;
    };
    match bind(wasm, folder, name) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bind-wasm: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bind(wasm: &str, folder: &str, name: &str) -> Result<(), Box<dyn Error>> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).out_name(name).web(true)?.typescript(false);
    // Function names would be more than half of the file.
    bindgen.remove_name_section(true).remove_producers_section(true).omit_default_module_path(false);
    bindgen.generate(folder)?;
    // Leptos loads NAME.wasm.
    let folder = PathBuf::from(folder);
    fs::rename(folder.join(format!("{name}_bg.wasm")), folder.join(format!("{name}.wasm")))?;
    Ok(())
}
