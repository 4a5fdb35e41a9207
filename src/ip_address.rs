//! IP addresses, which two fields take as they are.

use std::net::IpAddr;

/// Whether a text is an IPv4 or IPv6 address.
pub(crate) fn is_ip_address(text: &str) -> bool {
    is_ipv4(text) || text.parse::<IpAddr>().is_ok()
}

/// Four numbers with dots between, as nearly all are: no other than what the standard library takes for one.
fn is_ipv4(text: &str) -> bool {
    let (mut number, mut digits, mut dots) = (0_u32, 0, 0);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                // No zero leads another digit.
                if digits > 0 && number == 0 {
                    return false;
                }
                number = number * 10 + u32::from(byte - b'0');
                digits += 1;
                if number > 255 {
                    return false;
                }
            }
            b'.' if digits > 0 => {
                dots += 1;
                (number, digits) = (0, 0);
            }
            _ => return false,
        }
    }
    dots == 3 && digits > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_numbers_are_an_address_where_the_library_says_so() {
        let parts =
            ["", "0", "1", "9", "00", "01", "10", "99", "199", "255", "256", "1000", "a", " 1"];
        let mut addresses = 0;
        for one in parts {
            for two in parts {
                for three in parts {
                    for text in
                        [format!("{one}.{two}.{three}"), format!("{one}.{two}.{three}.{one}")]
                    {
                        assert_eq!(is_ipv4(&text), text.parse::<IpAddr>().is_ok(), "{text}");
                        addresses += usize::from(is_ipv4(&text));
                    }
                }
            }
        }
        assert!(addresses > 100);
        assert!(!is_ipv4("1.1.1.1.1") && !is_ipv4("1.1.1.1."));
    }
}
