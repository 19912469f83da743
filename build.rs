//! Compiled-in files are part of the build: a change to one of them is a change to the program.

fn main() {
    for folder in ["migrations", "templates", "static"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
