//! Derives of `smmu-rtl`.
//!
//! [`macro@LogicBlock`] stands in for RustHDL's derive of the same name: the same connection, the same visitor, the same step, and
//! beside it the quick step that `smmu_rtl::quick` describes. [`macro@Bundle`] goes with RustHDL's `LogicInterface`.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{parse_macro_input, Data, DeriveInput, Error, Field, GenericArgument, Ident, PathArguments, Type};

/// Names that are Verilog's.
const RESERVED: [&str; 6] = ["config", "wire", "reg", "module", "edge", "disable"];

/// A block of hardware: fields whose names begin with `_` are its own business, all others are signals, bundles and blocks.
#[proc_macro_derive(LogicBlock)]
pub fn logic_block(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    block(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// A bundle of signals as `smmu_rtl::quick` sees it.
#[proc_macro_derive(Bundle)]
pub fn bundle(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let done = fields(&input).map(|fields| {
        let names: Vec<&Ident> = fields.iter().filter_map(|f| f.ident.as_ref()).collect();
        let name = &input.ident;
        let (generics, of, bounds) = input.generics.split_for_impl();
        quote! {
            impl #generics ::smmu_rtl::quick::Field for #name #of #bounds {
                #[inline]
                fn pending(&self) -> bool {
                    false #(|| ::smmu_rtl::quick::Field::pending(&self.#names))*
                }
                #[inline]
                fn latch(&mut self) {
                    #(::smmu_rtl::quick::Field::latch(&mut self.#names);)*
                }
                #[inline]
                fn output_moved(&self) -> bool {
                    false #(|| ::smmu_rtl::quick::Field::output_moved(&self.#names))*
                }
            }
        }
    });
    done.unwrap_or_else(Error::into_compile_error).into()
}

/// The fields that are hardware.
fn fields(input: &DeriveInput) -> Result<Vec<&Field>, Error> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(&input.ident, "hardware is a struct with named fields"));
    };
    let mut found = Vec::new();
    for field in &data.fields {
        let Some(name) = &field.ident else { return Err(Error::new_spanned(field, "hardware is a struct with named fields")) };
        if RESERVED.contains(&name.to_string().as_str()) {
            return Err(Error::new_spanned(name, "this name is a Verilog keyword"));
        }
        if !name.to_string().starts_with('_') {
            found.push(field);
        }
    }
    Ok(found)
}

/// True for `Signal<In, Clock>`.
fn is_clock(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return false };
    let named = |argument: &GenericArgument, name: &str| match argument {
        GenericArgument::Type(Type::Path(path)) => path.path.segments.last().is_some_and(|s| s.ident == name),
        _ => false,
    };
    let arguments: Vec<&GenericArgument> = arguments.args.iter().collect();
    last.ident == "Signal" && arguments.len() == 2 && named(arguments[0], "In") && named(arguments[1], "Clock")
}

fn block(input: &DeriveInput) -> Result<Tokens, Error> {
    let fields = fields(input)?;
    let names: Vec<&Ident> = fields.iter().filter_map(|f| f.ident.as_ref()).collect();
    let texts: Vec<String> = names.iter().map(|n| n.to_string()).collect();
    let clocks: Vec<&Ident> = fields.iter().filter(|f| is_clock(&f.ty)).filter_map(|f| f.ident.as_ref()).collect();
    let name = &input.ident;
    let (generics, of, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        impl #generics ::smmu_rtl::quick::Block for #name #of #bounds {
            fn connect_all(&mut self) {
                ::smmu_rtl::quick::Logic::connect(self);
                #(::smmu_rtl::quick::Block::connect_all(&mut self.#names);)*
            }

            fn update_all(&mut self) {
                use ::smmu_rtl::quick::{self, Block, Field, Logic};
                if !quick::on() {
                    Logic::update(self);
                    #(Block::update_all(&mut self.#names);)*
                    return;
                }
                if !(false #(|| Field::pending(&self.#names))*) {
                    return;
                }
                #(Field::latch(&mut self.#names);)*
                // The clock is high for the first pass alone, here and, as they do the same, in all blocks below.
                #(self.#clocks.next = false.into();)*
                let mut output = false;
                for pass in 1.. {
                    let before = quick::moves();
                    Logic::update(self);
                    #(Block::update_all(&mut self.#names);)*
                    output = output #(|| Field::output_moved(&self.#names))*;
                    if quick::moves() == before {
                        break;
                    }
                    if pass == quick::MAX_PASSES {
                        quick::give_up();
                        break;
                    }
                }
                if output {
                    quick::note_move();
                }
            }

            fn has_changed(&self) -> bool {
                false #(|| ::smmu_rtl::quick::Block::has_changed(&self.#names))*
            }

            fn accept(&self, name: &str, probe: &mut dyn ::smmu_rtl::quick::Probe) {
                probe.visit_start_scope(name, self);
                #(::smmu_rtl::quick::Block::accept(&self.#names, #texts, probe);)*
                probe.visit_end_scope(name, self);
            }
        }

        impl #generics ::smmu_rtl::quick::Field for #name #of #bounds {}
    })
}
