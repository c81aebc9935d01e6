#include "core/mail/ip.h"
#include "tests/unit/lib/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct ip ip_of(const char *z)
{
    struct ip ip;
    struct text t = exact(z);
    if (!ip_parse(t, &ip))
        fail_msg("not an address: %s", z);
    exact_free(t);
    return ip;
}

static void ip_parse__good_text__formats_as_rfc_5952(void **state)
{
    static const struct {
        const char *text, *canonical;
    } cases[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        /* RFC 4291 section 2.2 */
        {"ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "abcd:ef01:2345:6789:abcd:ef01:2345:6789"},
        {"2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"},
        {"2001:DB8::8:800:200C:417A", "2001:db8::8:800:200c:417a"},
        {"FF01::101", "ff01::101"},
        {"FF01:0:0:0:0:0:0:101", "ff01::101"},
        {"::1", "::1"},
        {"0:0:0:0:0:0:0:1", "::1"},
        {"::", "::"},
        {"0:0:0:0:0:0:0:0", "::"},
        {"0:0:0:0:0:0:13.1.68.3", "::d01:4403"},
        {"::13.1.68.3", "::d01:4403"},
        {"::FFFF:129.144.52.38", "129.144.52.38"},
        {"0:0:0:0:0:FFFF:129.144.52.38", "129.144.52.38"},
        {"::ffff:c000:201", "192.0.2.1"},
        {"64:ff9b::192.0.2.1", "192.0.2.1"}, /* NAT64 */
        {"64:FF9B::c000:201", "192.0.2.1"},
        {"0064:ff9b:0:0:0:0:c000:0201", "192.0.2.1"},
        {"64:ff9b:1::c000:201", "64:ff9b:1::c000:201"}, /* a translator with a prefix of its own */
        {"64:ff9b::1:c000:201", "64:ff9b::1:c000:201"},
        {"1::", "1::"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201"},
        {"1::192.0.2.1", "1::c000:201"},
        {"1:2:3:4:5::192.0.2.1", "1:2:3:4:5:0:c000:201"},
        {"64:ff9b::192.0.2.33", "192.0.2.33"},
        /* RFC 5952 sections 2 and 4 */
        {"2001:0db8:0:0:0:0:0002:0001", "2001:db8::2:1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:db8:aaaa:bbbb:cccc:dddd:eeee:AaAa", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa"},
        {"0:0:1:0:0:0:0:0", "0:0:1::"},
        {"1:0:0:2:0:0:3:0", "1::2:0:0:3:0"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[IP_TEXT_MAX];
        struct ip ip = ip_of(cases[i].text);
        assert_int_equal(ip_format(&ip, text), strlen(cases[i].canonical));
        assert_string_equal(text, cases[i].canonical);
        struct ip again = ip_of(text);
        assert_true(ip_eq(&ip, &again));
    }
}

static void ip_parse__bad_text__is_false(void **state)
{
    static const char *const cases[] = {
        "",
        " ",
        ".",
        ":",
        ":::",
        "1",
        "1.2.3",
        "1.2.3.",
        "1.2.3.4.",
        ".1.2.3.4",
        "1.2.3.4.5",
        "1..2.3",
        "256.1.1.1",
        "1.2.3.256",
        "1.2.3.999",
        "01.2.3.4",
        "1.2.3.00",
        "1.2.3.1000",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.-4",
        "+1.2.3.4",
        "1.2.3.0x4",
        "a.b.c.d",
        "1,2,3,4",
        "192.0.2.1/32",
        "[192.0.2.1]",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:",
        ":1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:",
        ":1:2:3:4:5:6:7:8",
        "1::2::3",
        "::1::",
        ":::1",
        "1:::2",
        "12345::",
        "g::",
        "::g",
        "1:2:3:4::5:6:7:8",
        "::1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7:8::",
        "fe80::1%eth0",
        "[::1]",
        "::1.2.3",
        "::1.2.3.4.5",
        "::1.2.3.256",
        "1.2.3.4::",
        "::1.2.3.4:5",
        "1:2:3:4:5:6:7:1.2.3.4",
        "1:2:3:4:5:1.2.3.4",
        "1:2:3:4:5:6::1.2.3.4",
        "::ffff:01.2.3.4",
        "::1/128",
        " ::1",
        "::1 ",
        "::-1",
        "2001:db8:",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ip ip;
        struct text t = exact(cases[i]);
        if (ip_parse(t, &ip))
            fail_msg("taken for an address: %s", cases[i]);
        exact_free(t);
    }
    struct ip ip;
    assert_false(ip_parse(text_of(NULL, 0), &ip));
    assert_false(ip_parse(text_of("1.2.3.4\0", 8), &ip));
}

static void ip_prefix_parse__good_text__gives_network_and_length(void **state)
{
    static const struct {
        const char *text;
        bool lenient;
        const char *network;
        unsigned bits;
    } cases[] = {
        {"192.0.2.0/24", false, "192.0.2.0", 24},
        {"192.0.2.1", false, "192.0.2.1", 32},
        {"192.0.2.1/32", false, "192.0.2.1", 32},
        {"0.0.0.0/0", false, "0.0.0.0", 0},
        {"192.0.2.77/24", true, "192.0.2.0", 24},
        {"192.0.2.77/31", true, "192.0.2.76", 31},
        {"192.0.2.128/25", false, "192.0.2.128", 25},
        {"2001:db8::/32", false, "2001:db8::", 32},
        {"2001:db8::1", false, "2001:db8::1", 128},
        {"2001:db8::1/64", true, "2001:db8::", 64},
        {"2001:db8:ffff::/33", true, "2001:db8:8000::", 33},
        {"::/0", false, "::", 0},
        {"::1/128", false, "::1", 128},
        {"::ffff:192.0.2.0/120", false, "192.0.2.0", 24},
        {"::ffff:0:0/96", false, "0.0.0.0", 0},
        {"::ffff:192.0.2.1", false, "192.0.2.1", 32},
        {"::ffff:192.0.2.1/128", false, "192.0.2.1", 32},
        {"64:ff9b::192.0.2.0/120", false, "192.0.2.0", 24},
        {"64:ff9b::192.0.2.1", false, "192.0.2.1", 32},
        {"64:ff9b::/97", false, "0.0.0.0", 1},
        {"::ffff:192.0.2.1/64", true, "::", 64}, /* larger than all of IPv4: a prefix of IPv6 */
        {"::/96", false, "::", 96},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ip_prefix prefix;
        struct ip network = ip_of(cases[i].network);
        struct text t = exact(cases[i].text);
        if (!ip_prefix_parse(t, cases[i].lenient, &prefix))
            fail_msg("not a prefix: %s", cases[i].text);
        assert_int_equal(prefix.bits, cases[i].bits);
        assert_true(ip_eq(&prefix.ip, &network));
        exact_free(t);
    }
}

static void ip_prefix_parse__bad_text__is_false(void **state)
{
    static const struct {
        const char *text;
        bool lenient_too;
    } cases[] = {
        {"192.0.2.1/24", false},
        {"2001:db8::1/64", false},
        {"::ffff:192.0.2.1/120", false},
        {"64:ff9b::/96", true}, /* it would be all of IPv4 */
        {"64:ff9b::1.2.3.4/96", true},
        {"0.0.0.1/0", false},
        {"192.0.2.0/33", true},
        {"2001:db8::/129", true},
        {"192.0.2.0/", true},
        {"192.0.2.0/024", true},
        {"192.0.2.0/-1", true},
        {"192.0.2.0/24/24", true},
        {"192.0.2.0/ 24", true},
        {"192.0.2/24", true},
        {"/24", true},
        {"", true},
        {"192.0.2.0/24 ", true},
        {"192.0.2.0/255.255.255.0", true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ip_prefix prefix;
        struct text t = exact(cases[i].text);
        if (ip_prefix_parse(t, false, &prefix))
            fail_msg("taken for a prefix: %s", cases[i].text);
        if (ip_prefix_parse(t, true, &prefix) == cases[i].lenient_too)
            fail_msg("wrong when lenient: %s", cases[i].text);
        exact_free(t);
    }
}

static void ip_literal_parse__brackets_and_tag__follow_rfc_5321(void **state)
{
    static const struct {
        const char *text, *address;
    } cases[] = {
        {"[192.0.2.1]", "192.0.2.1"},
        {"[IPv6:2001:db8::1]", "2001:db8::1"},
        {"[ipv6:2001:db8::1]", "2001:db8::1"},
        {"[IPv6:::1]", "::1"},
        {"[IPv6:::ffff:192.0.2.1]", "192.0.2.1"},
        {"192.0.2.1", NULL},
        {"[]", NULL},
        {"[", NULL},
        {"]", NULL},
        {"", NULL},
        {"[192.0.2.1", NULL},
        {"192.0.2.1]", NULL},
        {"[ 192.0.2.1 ]", NULL},
        {"[[192.0.2.1]]", NULL},
        {"[192.0.2.256]", NULL},
        {"[2001:db8::1]", NULL},
        {"[IPv6:192.0.2.1]", NULL},
        {"[IPv6:]", NULL},
        {"[IPv6]", NULL},
        {"[IPv4:192.0.2.1]", NULL},
        {"[x-tag:192.0.2.1]", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ip ip;
        struct text t = exact(cases[i].text);
        if (ip_literal_parse(t, &ip) != (cases[i].address != NULL))
            fail_msg("wrong about %s", cases[i].text);
        if (cases[i].address) {
            struct ip address = ip_of(cases[i].address);
            assert_true(ip_eq(&ip, &address));
        }
        exact_free(t);
    }
}

static void ip_mask__every_length__keeps_that_many_bits(void **state)
{
    struct ip ones = {.v6 = 1};
    (void)state;
    memset(ones.byte, 0xff, sizeof ones.byte);
    for (unsigned bits = 0; bits <= 130; bits++) {
        struct ip masked = ip_mask(&ones, bits);
        for (unsigned i = 0; i < 128; i++)
            assert_int_equal(masked.byte[i / 8] >> (7 - i % 8) & 1, i < bits);
        struct ip_prefix prefix = {masked, bits < 128 ? bits : 128};
        assert_true(ip_in(&ones, &prefix));
    }
}

static void ip_in__addresses_and_prefixes__match_only_inside(void **state)
{
    static const struct {
        const char *address, *prefix;
        bool inside;
    } cases[] = {
        {"192.0.2.1", "192.0.2.0/24", true},
        {"192.0.3.1", "192.0.2.0/24", false},
        {"192.0.2.1", "0.0.0.0/0", true},
        {"192.0.2.1", "::/0", false},
        {"::1", "0.0.0.0/0", false},
        {"::1", "::/0", true},
        {"::ffff:192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "::ffff:192.0.2.0/120", true},
        {"2001:db8::1", "2001:db8::/32", true},
        {"2001:db9::1", "2001:db8::/32", false},
        {"192.0.2.127", "192.0.2.0/25", true},
        {"192.0.2.128", "192.0.2.0/25", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ip ip = ip_of(cases[i].address);
        struct ip_prefix prefix;
        assert_true(ip_prefix_parse(text_z(cases[i].prefix), false, &prefix));
        if (ip_in(&ip, &prefix) != cases[i].inside)
            fail_msg("wrong about %s in %s", cases[i].address, cases[i].prefix);
    }
}

static void ip_format__mapped_address_made_by_hand__is_mixed(void **state)
{
    struct ip ip = {.v6 = 1,
                    .byte = {[10] = 0xff, [11] = 0xff, [12] = 255, [13] = 255, [14] = 255, [15] = 255}};
    char text[IP_TEXT_MAX];
    (void)state;
    ip_format(&ip, text);
    assert_string_equal(text, "::ffff:255.255.255.255");
}

static void ip_is_public__special_registries__are_not(void **state)
{
    static const struct {
        const char *address;
        bool public;
    } cases[] = {
        {"61.77.232.38", true},
        {"8.8.8.8", true},
        {"0.0.0.0", false},
        {"0.255.255.255", false},
        {"1.0.0.0", true},
        {"9.255.255.255", true},
        {"10.0.0.173", false},
        {"11.0.0.0", true},
        {"100.63.255.255", true},
        {"100.64.0.0", false},
        {"100.127.255.255", false},
        {"100.128.0.0", true},
        {"127.0.0.1", false},
        {"128.0.0.0", true},
        {"169.254.1.1", false},
        {"169.253.1.1", true},
        {"172.15.255.255", true},
        {"172.16.0.1", false},
        {"172.31.255.255", false},
        {"172.32.0.0", true},
        {"192.0.0.1", false},
        {"192.0.1.1", true},
        {"192.0.2.1", false},
        {"192.88.99.1", false},
        {"192.168.0.1", false},
        {"192.169.0.1", true},
        {"198.17.255.255", true},
        {"198.18.0.1", false},
        {"198.19.255.255", false},
        {"198.20.0.0", true},
        {"198.51.100.7", false},
        {"203.0.113.9", false},
        {"203.0.114.9", true},
        {"223.255.255.255", true},
        {"224.0.0.1", false},
        {"239.1.1.1", false},
        {"240.0.0.1", false},
        {"255.255.255.255", false},
        {"::", false},
        {"::1", false},
        {"::ffff:10.0.0.1", false},
        {"::ffff:8.8.8.8", true},
        {"2a00:1450::1", true},
        {"2001:4860::1", true},
        {"2001::1", false},
        {"2001:1ff::1", false},
        {"2001:200::1", true},
        {"2001:db8::1", false},
        {"2001:db9::1", true},
        {"2002:808:808::1", true},
        {"2002:a00:1::1", false},
        {"3fff::1", false},
        {"3fff:1000::1", true},
        {"fc00::1", false},
        {"fd12::1", false},
        {"fe80::1", false},
        {"ff02::1", false},
        {"64:ff9b::8.8.8.8", true},
        {"64:ff9b::10.0.0.1", false},
        {"64:ff9b:1::1", false},
        {"100::1", false},
        {"5f00::1", false},
        {"4000::1", false},
        {"2000::1", true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ip ip = ip_of(cases[i].address);
        if (ip_is_public(&ip) != cases[i].public)
            fail_msg("wrong about %s", cases[i].address);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ip_parse__good_text__formats_as_rfc_5952),
        cmocka_unit_test(ip_parse__bad_text__is_false),
        cmocka_unit_test(ip_prefix_parse__good_text__gives_network_and_length),
        cmocka_unit_test(ip_prefix_parse__bad_text__is_false),
        cmocka_unit_test(ip_literal_parse__brackets_and_tag__follow_rfc_5321),
        cmocka_unit_test(ip_mask__every_length__keeps_that_many_bits),
        cmocka_unit_test(ip_in__addresses_and_prefixes__match_only_inside),
        cmocka_unit_test(ip_format__mapped_address_made_by_hand__is_mixed),
        cmocka_unit_test(ip_is_public__special_registries__are_not),
    };
    return cmocka_run_group_tests_name("ip", tests, NULL, NULL);
}
