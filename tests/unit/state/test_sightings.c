#include "tests/unit/lib/temp_folder.h"

#include "core/state/sightings.h"

#define DAY INT64_C(86400)

enum { NOW = 1058000000, HOUR = 3600 };

static struct temp_folder folder;
static struct sightings *seen;
static struct sighting got;
static char reason[300];

static int setup(void **state)
{
    (void)state;
    temp_make(&folder);
    assert_int_equal(sightings_open(folder.path, 64, 32, 64, 0, &seen, reason, sizeof reason), 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sightings_close(&seen);
    assert_null(seen);
    temp_remove(&folder);
    return 0;
}

static int note_as(enum sighting_key key, const char *sender, const char *recipient, const char *client,
                   int64_t now, uint32_t window, uint32_t clients)
{
    struct ip ip;
    assert_true(ip_parse(text_z(client), &ip));
    struct sighting_request r = {key, text_z(sender), text_z(recipient), &ip, now, window, clients, NULL};
    return sightings_note(seen, &r, &got, reason, sizeof reason);
}

static int note(const char *client, int64_t now)
{
    return note_as(SIGHTING_ENVELOPE, "5140ghxc@aci.net", "lennon@onlinerock.com", client, now, HOUR, 3);
}

static const char *client_text(unsigned i)
{
    static char text[IP_TEXT_MAX];
    assert_true(i < got.count);
    ip_format(&got.clients[i], text);
    return text;
}

static void sightings_note__third_client__all_three(void **state)
{
    (void)state;
    assert_int_equal(note("61.77.232.38", NOW), 0);
    assert_int_equal(note("61.77.232.38", NOW + 1), 0);
    assert_int_equal(got.count, 1);
    assert_int_equal(note("2001:db8::1", NOW + 2), 0);
    assert_int_equal(note("2001:db8::2", NOW + 2), 0); /* the same /64 */
    assert_int_equal(note("192.0.2.1", NOW + 3), 1);
    assert_int_equal(got.count, 3);
    assert_string_equal(client_text(0), "61.77.232.38");
    assert_string_equal(client_text(1), "2001:db8::");
    assert_string_equal(client_text(2), "192.0.2.1");
    /* And every later one. */
    assert_int_equal(note("192.0.2.2", NOW + 4), 1);
    assert_int_equal(got.count, 4);
    assert_int_equal(note("61.77.232.38", NOW + 5), 1);
    assert_int_equal(got.count, 4);
    assert_string_equal(client_text(3), "61.77.232.38");
}

static void sightings_note__outside_the_window__not_counted(void **state)
{
    (void)state;
    assert_int_equal(note("192.0.2.1", NOW), 0);
    assert_int_equal(note("192.0.2.2", NOW + HOUR - 1), 0);
    assert_int_equal(got.count, 2);
    assert_int_equal(note("192.0.2.3", NOW + HOUR), 0);
    assert_int_equal(got.count, 2);
    assert_int_equal(note("192.0.2.1", NOW + HOUR + 1), 1);
    /* A pattern with another window sees the same attempts. */
    assert_int_equal(note_as(SIGHTING_ENVELOPE, "5140ghxc@aci.net", "lennon@onlinerock.com", "192.0.2.1",
                             NOW + HOUR + 2, 2, 3),
                     0);
    assert_int_equal(got.count, 1);
    assert_int_equal(note("192.0.2.1", NOW + 9 * HOUR), 0);
    assert_int_equal(got.count, 1);
}

static void sightings_note__nine_clients__the_last_eight(void **state)
{
    (void)state;
    char client[IP_TEXT_MAX];
    for (int i = 1; i <= 20; i++) {
        snprintf(client, sizeof client, "192.0.2.%d", i);
        assert_int_equal(note(client, NOW + i), i >= 3);
        assert_int_equal(got.count, i < 8 ? i : 8);
        assert_string_equal(client_text(got.count - 1), client);
    }
    assert_string_equal(client_text(0), "192.0.2.13");
}

static void sightings_note__other_key__apart(void **state)
{
    (void)state;
    static const struct {
        enum sighting_key key;
        const char *sender, *recipient;
        int reached;
    } cases[] = {
        {SIGHTING_ENVELOPE, "a@example.com", "b@example.org", 0},
        {SIGHTING_ENVELOPE, "A@Example.COM", "B@Example.org", 1},
        {SIGHTING_ENVELOPE, "a@example.com", "b@example.net", 0},
        {SIGHTING_ENVELOPE, "b@example.org", "a@example.com", 0},
        {SIGHTING_ENVELOPE, "a@example.comb", "@example.org", 0},
        {SIGHTING_SUBJECT, "a@example.com", "b@example.org", 0},
        {SIGHTING_SUBJECT, "Cheap watches", "", 0},
        {SIGHTING_SUBJECT, "Cheap watches", "", 1},
        {SIGHTING_SUBJECT, "cheap watches", "", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char client[IP_TEXT_MAX];
        snprintf(client, sizeof client, "192.0.2.%zu", i + 1);
        assert_int_equal(note_as(cases[i].key, cases[i].sender, cases[i].recipient, client, NOW, HOUR, 2),
                         cases[i].reached);
    }
    char *longer = malloc(5000);
    assert_non_null(longer);
    memset(longer, 'x', 4999);
    longer[4999] = 0;
    assert_int_equal(note_as(SIGHTING_SUBJECT, longer, "", "192.0.2.1", NOW, HOUR, 2), 0);
    assert_int_equal(note_as(SIGHTING_SUBJECT, longer, "", "192.0.2.2", NOW, HOUR, 2), 1);
    free(longer);
}

/* The sixteen places of a key are shared by all, so old attempts make room for new ones of others. */
static void sightings_note__many_keys_of_many__the_latest_are_known(void **state)
{
    (void)state;
    char sender[32], client[IP_TEXT_MAX];
    for (int i = 0; i < 5000; i++) {
        snprintf(sender, sizeof sender, "%d@example.com", i);
        snprintf(client, sizeof client, "11.%d.%d.1", i / 256, i % 256);
        assert_int_equal(note_as(SIGHTING_ENVELOPE, sender, "x", client, NOW + i, HOUR, 2), 0);
    }
    for (int i = 4990; i < 5000; i++) {
        snprintf(sender, sizeof sender, "%d@example.com", i);
        assert_int_equal(note_as(SIGHTING_ENVELOPE, sender, "x", "192.0.2.2", NOW + 5001, HOUR, 2), 1);
    }
}

/* A client cannot hide an attempt among many others of its own. */
static void flood(bool v6)
{
    char sender[32], client[IP_TEXT_MAX];
    for (unsigned i = 0; i < 50; i++) {
        snprintf(sender, sizeof sender, "relay%u@example.com", i);
        snprintf(client, sizeof client, "12.0.%u.1", i);
        assert_int_equal(note_as(SIGHTING_ENVELOPE, sender, "x", client, NOW, HOUR, 2), 0);
    }
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(sender, sizeof sender, "%u@example.com", i);
        snprintf(client, sizeof client, v6 ? "2001:db8:1:%x::1" : "192.0.2.%u", i % 256);
        note_as(SIGHTING_ENVELOPE, sender, "x", client, NOW + 1, HOUR, 2);
    }
    unsigned known = 0;
    for (unsigned i = 0; i < 50; i++) {
        snprintf(sender, sizeof sender, "relay%u@example.com", i);
        known += note_as(SIGHTING_ENVELOPE, sender, "x", "203.0.113.1", NOW + 2, HOUR, 2) == 1;
    }
    assert_int_equal(known, 50);
}

static void sightings_note__flood_of_one_slash_48__pushes_out_its_own(void **state)
{
    (void)state;
    flood(true);
}

static void sightings_note__flood_of_one_slash_24__pushes_out_its_own(void **state)
{
    (void)state;
    flood(false);
}

/* A client that a wrong clock saw is not of the pattern, and holds no place for ever. */
static void sightings_note__by_a_wrong_clock__does_not_count(void **state)
{
    static const int64_t wrong[] = {NOW + 26280 * DAY, NOW + 400 * DAY, NOW + 2 * DAY, NOW + 2 * HOUR};
    (void)state;
    char sender[32], client[IP_TEXT_MAX];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(sender, sizeof sender, "clock%zu@example.com", i);
        for (unsigned n = 0; n < SIGHTING_CLIENTS; n++) {
            snprintf(client, sizeof client, "192.0.%u.1", n);
            note_as(SIGHTING_ENVELOPE, sender, "x", client, wrong[i], HOUR, 8);
        }
        assert_int_equal(note_as(SIGHTING_ENVELOPE, sender, "x", "198.51.100.1", NOW, HOUR, 2), 0);
        assert_int_equal(note_as(SIGHTING_ENVELOPE, sender, "x", "198.51.100.2", NOW + 1, HOUR, 2), 1);
        assert_int_equal(got.count, 2);
    }
}

static bool file_says(const char *path, const char *word)
{
    char *bytes;
    size_t n, length = strlen(word);
    struct file_id id;
    bool found = false;
    assert_int_equal(os_read(path, 1 << 24, &bytes, &n, &id), 0);
    for (size_t i = 0; i + length <= n && !found; i++)
        found = memcmp(bytes + i, word, length) == 0;
    free(bytes);
    return found;
}

static void sightings_open__twice__shared_and_nameless(void **state)
{
    (void)state;
    struct sightings *first = seen, *second;
    assert_int_equal(sightings_open(folder.path, 64, 32, 64, 0, &second, reason, sizeof reason), 1);
    assert_int_equal(note("192.0.2.1", NOW), 0);
    seen = second;
    assert_int_equal(note("192.0.2.2", NOW), 0);
    seen = first;
    assert_int_equal(note("192.0.2.3", NOW), 1);
    assert_false(sightings_replaced(second));
    sightings_close(&second);
    assert_false(file_says(temp_path(&folder, "sightings"), "lennon"));
    assert_false(file_says(temp_path(&folder, "sightings"), "LENNON"));
    assert_int_equal(
        sightings_open(folder.path, 64, 32, 64, SIGHTINGS_READ_ONLY, &second, reason, sizeof reason), 1);
    seen = second;
    assert_int_equal(note("192.0.2.4", NOW), -1);
    assert_string_not_equal(reason, "");
    seen = first;
    sightings_close(&second);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sightings_note__third_client__all_three),
        TEST(sightings_note__outside_the_window__not_counted),
        TEST(sightings_note__nine_clients__the_last_eight),
        TEST(sightings_note__other_key__apart),
        TEST(sightings_note__many_keys_of_many__the_latest_are_known),
        TEST(sightings_note__flood_of_one_slash_48__pushes_out_its_own),
        TEST(sightings_note__flood_of_one_slash_24__pushes_out_its_own),
        TEST(sightings_note__by_a_wrong_clock__does_not_count),
        TEST(sightings_open__twice__shared_and_nameless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
