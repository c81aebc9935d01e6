#include "core/mail/helo.h"
#include "tests/unit/lib/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void helo_read__what_clients_say__is_one_name(void **state)
{
    static const struct {
        const char *argument, *name;
        const char *address; /* NULL: none */
    } cases[] = {
        {"mail.example.com", "mail.example.com", NULL},
        {"mail.example.com x", "mail.example.com", NULL},
        {"mail.example.com\tx", "mail.example.com", NULL},
        {"mail.example.com.", "mail.example.com", NULL},
        {"mail.example.com..", "mail.example.com", NULL},
        {"mail.example.com. x", "mail.example.com", NULL},
        {"mail.example.com,x", "mail.example.com", NULL},
        {"mail.example.com, x", "mail.example.com", NULL},
        {",mail.example.com", "mail.example.com", NULL},
        {"mail.example.com;", "mail.example.com", NULL},
        {"<mail.example.com>", "mail.example.com", NULL},
        {"<mail.example.com.>", "mail.example.com", NULL},
        {"\"mail.example.com\"", "mail.example.com", NULL},
        {"\"mail.example.com.\".", "mail.example.com", NULL},
        {"'mail.example.com'", "mail.example.com", NULL},
        {"[mail.example.com]", "mail.example.com", NULL},
        {"([<mail.example.com>])", "mail.example.com", NULL},
        {".mail.example.com", "mail.example.com", NULL},
        {"MAIL.example.com", "MAIL.example.com", NULL},
        {"mail", "mail", NULL},
        {"", "", NULL},
        {" ", "", NULL},
        {"[]", "", NULL},
        {"...", "", NULL},
        {"1.2.3.4", "1.2.3.4", "1.2.3.4"},
        {"[1.2.3.4]", "1.2.3.4", "1.2.3.4"},
        {"[1.2.3.4].", "1.2.3.4", "1.2.3.4"},
        {"<[1.2.3.4]>", "1.2.3.4", "1.2.3.4"},
        {"1.2.3.4 x", "1.2.3.4", "1.2.3.4"},
        {"[2001:db8::1]", "2001:db8::1", "2001:db8::1"},
        {"[IPv6:2001:db8::1]", "IPv6:2001:db8::1", "2001:db8::1"},
        {"[ipv6:2001:DB8::1]", "ipv6:2001:DB8::1", "2001:db8::1"},
        {"IPv6:2001:db8::1", "IPv6:2001:db8::1", "2001:db8::1"},
        {"2001:db8::", "2001:db8::", "2001:db8::"},
        {"::1", "::1", "::1"},
        {"[IPv6:::ffff:1.2.3.4]", "IPv6:::ffff:1.2.3.4", "1.2.3.4"},
        {"[IPv6:64:ff9b::1.2.3.4]", "IPv6:64:ff9b::1.2.3.4", "1.2.3.4"},
        {"[1.2.3.4.5]", "1.2.3.4.5", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[IP_TEXT_MAX] = "";
        struct text argument = exact(cases[i].argument);
        const struct helo h = helo_read(argument);
        if (!text_eq(h.name, text_z(cases[i].name)) || h.is_address != (cases[i].address != NULL))
            fail_msg("'%s' is '%.*s'", cases[i].argument, (int)h.name.n, h.name.p ? h.name.p : "");
        if (h.is_address) {
            ip_format(&h.ip, text);
            assert_string_equal(text, cases[i].address);
        }
        exact_free(argument);
    }
    assert_int_equal(helo_read(text_of(NULL, 0)).name.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(helo_read__what_clients_say__is_one_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
