//! Builds `plugin/` for `wasm32-wasip1` and leaves it for `include_bytes!`. Where it cannot be built,
//! because the target is not installed, the rest of the workspace is built all the same and says so.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-wasip1";

/// The profile of the workspace that the module is built with.
const PROFILE: &str = "plugin";

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets the folder")?);
    let workspace = here
        .ancestors()
        .nth(2)
        .ok_or("the crate lies two folders below the workspace")?;
    for path in [
        "Cargo.toml",
        "Cargo.lock",
        "plugin",
        "crates/tripline-lang",
        "crates/tripline-engine",
        "crates/tripline-output",
    ] {
        let path = workspace.join(path);
        // The sources of what the module is made of; tests and benchmarks are not in it.
        for part in ["src", "Cargo.toml", "build.rs"] {
            let part = path.join(part);
            if part.exists() {
                println!("cargo:rerun-if-changed={}", part.display());
            }
        }
        if path.is_file() {
            println!("cargo:rerun-if-changed={}", path.display());
        }
    }
    let (module, missing) = match build(workspace, &out) {
        Ok(module) => (Some(module), String::new()),
        Err(missing) => {
            let mut lines = missing.lines().filter(|line| !line.trim().is_empty());
            let first = lines.next().unwrap_or_default();
            println!("cargo:warning=built without the plugin's module: {first}");
            (None, missing)
        }
    };
    let expression = match module {
        Some(module) => format!("Some(include_bytes!({:?}))", module.display().to_string()),
        None => "None".to_owned(),
    };
    fs::write(out.join("module.rs"), expression)?;
    fs::write(out.join("missing.txt"), missing)?;
    Ok(())
}

/// Builds the module and gives the path of a copy in `out`; or says why not.
fn build(workspace: &Path, out: &Path) -> Result<PathBuf, String> {
    let target = target_folder(out);
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // A library that others link to as well is not optimised as a whole: that costs a tenth of the
    // module's bytes and a part of its speed.
    command
        .current_dir(workspace)
        .args(["rustc", "--locked", "--package", "tripline-plugin"])
        .args(["--crate-type", "cdylib"])
        .args(["--lib", "--target", TARGET, "--profile", PROFILE])
        .arg("--target-dir")
        .arg(&target);
    // What is set for the outer build (another target, instrumentation, clippy in place of the
    // compiler) is not meant for this one.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        let outer = [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_BUILD_",
            "CARGO_PROFILE_",
            "CARGO_TARGET_",
            "RUSTC_WRAPPER",
            "RUSTC_WORKSPACE_WRAPPER",
            "CLIPPY_",
            "RUSTDOC",
        ];
        if outer.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(&*name);
        }
    }
    // The names of files in panic messages are the same on every machine.
    let mut flags = vec![format!(
        "--remap-path-prefix={}=tripline",
        workspace.display()
    )];
    if let Some(home) = env::var_os("CARGO_HOME").or_else(|| {
        let home = env::home_dir()?;
        Some(home.join(".cargo").into_os_string())
    }) {
        flags.push(format!(
            "--remap-path-prefix={}=cargo",
            home.to_string_lossy()
        ));
    }
    command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    let output = command
        .output()
        .map_err(|error| format!("cargo cannot be run: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let lacks_target = said.contains("can't find crate for `core`")
            || said.contains("can't find crate for `std`")
            || said.contains("may not be installed");
        return Err(if lacks_target {
            format!(
                "the target {TARGET} is not installed; install it with `rustup target add {TARGET}` and build \
                 again"
            )
        } else {
            format!("the module could not be built:\n{said}")
        });
    }
    let built = target
        .join(TARGET)
        .join(PROFILE)
        .join("tripline_plugin.wasm");
    let copy = out.join("tripline.wasm");
    fs::copy(&built, &copy)
        .map_err(|error| format!("{} cannot be copied: {error}", built.display()))?;
    Ok(copy)
}

/// Where the module is built: one folder for all profiles of the outer build, so that it is built
/// once, and not the outer build's own, which is locked.
fn target_folder(out: &Path) -> PathBuf {
    let outer = out
        .ancestors()
        .filter(|folder| folder.join("CACHEDIR.TAG").is_file())
        .last();
    outer.unwrap_or(out).join("plugin-module")
}
