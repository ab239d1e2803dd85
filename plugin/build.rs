//! What the host calls besides our own functions must be exported by name: Fluent Bit copies each
//! tag and record into memory that it asks the module for.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("wasi") {
        for export in ["malloc", "free"] {
            println!("cargo:rustc-cdylib-link-arg=--export={export}");
        }
        // Names of functions are a fifth of the module, and no shipper shows them.
        println!("cargo:rustc-cdylib-link-arg=--strip-all");
    }
}
