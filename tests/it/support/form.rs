//! A form as it stands on a page, to be sent again as a browser would.

/// Where it goes and what is in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Form {
    pub action: String,
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// The one form of a page, which has nothing but inputs with a value.
    pub fn only(page: &str) -> Self {
        let [_, form] = page.split("<form").collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("not one form: {page}"));
        let form = form.split("</form>").next().unwrap();
        let fields = form.split("<input ").skip(1).map(|input| (attribute(input, "name"), attribute(input, "value"))).collect();
        Self { action: attribute(form, "action"), fields }
    }

    pub fn value(&self, name: &str) -> &str {
        &self.fields.iter().find(|(field, _)| field == name).unwrap_or_else(|| panic!("no {name} in {self:?}")).1
    }

    /// All fields but one, which the test's browser adds itself.
    pub fn fields_without(&self, name: &str) -> Vec<(&str, &str)> {
        self.fields.iter().filter(|(field, _)| field != name).map(|(field, value)| (field.as_str(), value.as_str())).collect()
    }
}

/// A page without what its own reader typed: what an answer that says "not now" shows by itself.
pub fn without_what_was_typed(page: &str) -> String {
    let mut rest = page.split("<form method=\"post\"");
    let before = rest.next().unwrap_or_default().to_owned();
    rest.fold(before, |page, form| page + form.split_once("</form>").unwrap_or_else(|| panic!("a form without end: {form}")).1)
}

fn attribute(tag: &str, name: &str) -> String {
    let value = tag.split_once(&format!("{name}=\"")).unwrap_or_else(|| panic!("no {name} in {tag}")).1;
    unescaped(value.split('"').next().unwrap())
}

/// Text as a reader sees it: the references that our templates write are numbers.
pub fn unescaped(html: &str) -> String {
    let mut parts = html.split("&#");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (number, rest) = part.split_once(';').unwrap();
        text.push(char::from_u32(number.parse().unwrap()).unwrap());
        text.push_str(rest);
    }
    text
}
