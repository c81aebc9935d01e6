/* What every system does alike; test_os_posix.c and test_os_win32.c have the rest. */
#include "core/os/os.h"
#include "tests/unit/lib/temp_folder.h"

#include <errno.h>

static void file_id__tells_one_state_of_a_file_from_another(void **state)
{
    struct temp_folder f;
    struct file_id a, b, none = {0};
    (void)state;
    temp_make(&f);
    assert_int_equal(os_file_id(temp_path(&f, "x"), &a), ENOENT);
    assert_true(file_id_eq(&a, &none));
    temp_text(&f, "x", "one");
    assert_int_equal(os_file_id(temp_path(&f, "x"), &a), 0);
    assert_int_equal(os_file_id(temp_path(&f, "x"), &b), 0);
    assert_true(file_id_eq(&a, &b));
    temp_text(&f, "x", "two"); /* renamed into place: the size is the same */
    assert_int_equal(os_file_id(temp_path(&f, "x"), &b), 0);
    assert_false(file_id_eq(&a, &b));
    assert_int_equal(b.size, 3);
    temp_remove(&f);
}

static void map_and_read__give_the_bytes_and_the_identity(void **state)
{
    struct temp_folder f;
    struct file_map map;
    struct file_id id;
    char *bytes = NULL;
    size_t n = 0;
    (void)state;
    temp_make(&f);
    temp_put(&f, "x", "a\0b", 3);
    for (int ahead = 0; ahead < 2; ahead++) {
        assert_int_equal(os_map(temp_path(&f, "x"), ahead, &map), 0);
        assert_int_equal(map.size, 3);
        assert_memory_equal(map.p, "a\0b", 3);
        assert_int_equal(os_file_id(temp_path(&f, "x"), &id), 0);
        assert_true(file_id_eq(&map.id, &id));
        os_unmap(&map);
        assert_null(map.p);
        os_unmap(&map);
    }
    assert_int_equal(os_read(temp_path(&f, "x"), 3, &bytes, &n, &id), 0);
    assert_int_equal(n, 3);
    assert_memory_equal(bytes, "a\0b", 3);
    free(bytes);
    assert_int_equal(os_read(temp_path(&f, "x"), 2, &bytes, &n, &id), EFBIG);
    temp_put(&f, "x", "", 0);
    assert_int_equal(os_map(temp_path(&f, "x"), true, &map), 0);
    assert_int_equal(map.size, 0);
    os_unmap(&map);
    assert_int_equal(os_read(temp_path(&f, "x"), 2, &bytes, &n, &id), 0);
    assert_int_equal(n, 0);
    free(bytes);
    temp_remove(&f);
}

static void map_and_read__what_is_no_file__is_an_error(void **state)
{
    struct temp_folder f;
    struct file_map map;
    struct file_id id;
    char *bytes;
    size_t n;
    (void)state;
    temp_make(&f);
    assert_int_equal(os_map(f.path, false, &map), EINVAL);
    assert_null(map.p);
    assert_int_equal(os_read(f.path, 10, &bytes, &n, &id), EINVAL);
    assert_int_equal(os_map(temp_path(&f, "gone"), false, &map), ENOENT);
    assert_int_equal(os_read(temp_path(&f, "gone"), 10, &bytes, &n, &id), ENOENT);
    temp_remove(&f);
}

static void replace__is_whole_or_not_at_all(void **state)
{
    struct temp_folder f;
    struct file_map map, from;
    char path[200];
    (void)state;
    temp_make(&f);
    snprintf(path, sizeof path, "%s", temp_path(&f, "x"));
    assert_int_equal(os_replace(path, "one", 3), 0);
    assert_int_equal(os_map(path, false, &map), 0);
    assert_int_equal(os_replace(path, "other", 5), 0);
    assert_memory_equal(map.p, "one", 3); /* the reader keeps the old one */
    os_unmap(&map);
    assert_int_equal(os_map(path, false, &from), 0);
    assert_int_equal(os_copy_on(temp_path(&f, "copy"), &from, 100), 0);
    assert_int_equal(os_map(temp_path(&f, "copy"), false, &map), 0);
    assert_int_equal(map.size, 5);
    assert_memory_equal(map.p, "other", 5);
    assert_int_equal(map.id.mtime_ns, from.id.mtime_ns);
    os_unmap(&map);
    os_unmap(&from);
    /* Failures leave no files. */
    assert_int_equal(os_replace(temp_path(&f, "gone/x"), "one", 3), ENOENT);
    folder_make(temp_path(&f, "folder"));
    assert_int_not_equal(os_replace(temp_path(&f, "folder"), "one", 3), 0);
    static char big[6000];
    memset(big, '/', sizeof big - 1);
    assert_int_equal(os_replace(big, "one", 3), ENAMETOOLONG);
    assert_int_equal(folder_count(f.path, "", NULL, 0), 3); /* x, copy, folder */
    temp_remove(&f);
}

struct reading {
    char path[200];
    bool map;
};

enum { REPLACEMENTS = 300, WHOLE = 5000 };

/* 0 if all it saw were whole files of one letter, the last one of 'z'; what else it saw, or the error. */
static int read_till_z(const void *context)
{
    const struct reading *reading = context;
    static char letters[WHOLE];
    for (char letter = 'a'; letter != 'z';) {
        struct file_map map = {.p = NULL};
        struct file_id id;
        char *bytes = NULL;
        size_t n = 0;
        int error =
            reading->map ? os_map(reading->path, false, &map) : os_read(reading->path, WHOLE, &bytes, &n, &id);
        if (error)
            return error;
        const char *p = reading->map ? (const char *)map.p : bytes;
        if ((reading->map ? map.size : n) != WHOLE)
            return 199;
        letter = p[0];
        memset(letters, letter, WHOLE);
        if (memcmp(p, letters, WHOLE) != 0)
            return 198;
        os_unmap(&map);
        free(bytes);
    }
    return 0;
}

static void replace__under_readers__each_sees_a_whole_file_always(void **state)
{
    struct temp_folder f;
    struct reading reading;
    struct child readers[4];
    static char bytes[WHOLE];
    (void)state;
    temp_make(&f);
    snprintf(reading.path, sizeof reading.path, "%s", temp_path(&f, "x"));
    memset(bytes, 'a', WHOLE);
    assert_int_equal(os_replace(reading.path, bytes, WHOLE), 0);
    for (unsigned i = 0; i < 4; i++) {
        reading.map = i % 2;
        child_start(&readers[i], read_till_z, &reading, sizeof reading);
    }
    for (unsigned i = 0; i <= REPLACEMENTS; i++) {
        memset(bytes, i < REPLACEMENTS ? 'a' + (int)i % 25 : 'z', WHOLE);
        assert_int_equal(os_replace(reading.path, bytes, WHOLE), 0);
    }
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(child_wait(&readers[i]), 0);
    assert_int_equal(folder_count(f.path, "", NULL, 0), 1);
    temp_remove(&f);
}

static void rename_and_remove__one_file_in_the_place_of_another(void **state)
{
    struct temp_folder f;
    struct file_id id;
    (void)state;
    temp_make(&f);
    temp_text(&f, "x", "one");
    temp_text(&f, "y", "three");
    assert_int_equal(os_rename(temp_path(&f, "y"), temp_path(&f, "x")), 0);
    assert_int_equal(os_file_id(temp_path(&f, "x"), &id), 0);
    assert_int_equal(id.size, 5);
    assert_int_equal(os_rename(temp_path(&f, "y"), temp_path(&f, "x")), ENOENT);
    assert_int_equal(os_remove(temp_path(&f, "x")), 0);
    assert_int_equal(os_remove(temp_path(&f, "x")), ENOENT);
    assert_int_equal(folder_count(f.path, "", NULL, 0), 0);
    temp_remove(&f);
}

static void make__whole_file_of_its_size__never_in_the_place_of_another(void **state)
{
    struct temp_folder f;
    char path[200], *bytes;
    size_t n;
    struct file_id id;
    (void)state;
    temp_make(&f);
    snprintf(path, sizeof path, "%s", temp_path(&f, "x"));
    assert_int_equal(os_make(path, 10000, "head", 4), 0);
    assert_int_equal(os_read(path, 10000, &bytes, &n, &id), 0);
    assert_int_equal(n, 10000);
    assert_memory_equal(bytes, "head", 4);
    for (size_t i = 4; i < n; i++)
        assert_int_equal(bytes[i], 0);
    free(bytes);
    assert_int_equal(os_make(path, 5, "other", 5), EEXIST);
    assert_int_equal(os_read(path, 10000, &bytes, &n, &id), 0);
    assert_int_equal(n, 10000);
    free(bytes);
    assert_int_equal(os_make(temp_path(&f, "empty"), 0, "", 0), 0);
    assert_int_equal(os_make(temp_path(&f, "gone/x"), 5, "", 0), ENOENT);
    assert_int_equal(os_make(path, UINT64_MAX, "", 0), EFBIG);
    assert_int_equal(folder_count(f.path, "", NULL, 0), 2);
    temp_remove(&f);
}

/* Answers what the parent wrote, in another byte of the same map. */
static int answer(const void *path)
{
    struct shared_map map;
    if (os_share(path, true, &map) != 0)
        return 1;
    volatile unsigned char *p = map.p;
    for (unsigned i = 0; p[0] != 42 && i < 10000; i++)
        pause_us(1000);
    p[9999] = (unsigned char)(p[0] + 1);
    os_unshare(&map);
    return 0;
}

static void share__two_processes__each_sees_what_the_other_stores(void **state)
{
    struct temp_folder f;
    struct shared_map map, reader;
    struct file_id id;
    struct child child;
    char path[200];
    (void)state;
    temp_make(&f);
    snprintf(path, sizeof path, "%s", temp_path(&f, "x"));
    assert_int_equal(os_make(path, 10000, "", 0), 0);
    assert_int_equal(os_share(path, true, &map), 0);
    assert_int_equal(map.size, 10000);
    assert_int_equal(os_file_id(path, &id), 0);
    assert_int_equal(map.id.inode, id.inode);
    assert_int_equal(map.id.size, id.size);
    assert_int_equal(os_share(path, false, &reader), 0);
    child_start(&child, answer, path, sizeof path);
    map.p[0] = 42;
    assert_int_equal(child_wait(&child), 0);
    assert_int_equal(map.p[9999], 43);
    assert_int_equal(reader.p[9999], 43);
    os_unshare(&map);
    assert_null(map.p);
    os_unshare(&map);
    os_unshare(&reader);
    /* It is in the file. */
    assert_int_equal(os_share(path, false, &reader), 0);
    assert_int_equal(reader.p[0], 42);
    os_unshare(&reader);
    temp_remove(&f);
}

static void share__what_cannot_be__is_an_error(void **state)
{
    struct temp_folder f;
    struct shared_map map;
    (void)state;
    temp_make(&f);
    for (int write = 0; write < 2; write++) {
        assert_int_equal(os_share(temp_path(&f, "gone"), write, &map), ENOENT);
        assert_int_equal(os_share(f.path, write, &map), EINVAL);
        assert_null(map.p);
    }
    temp_text(&f, "empty", "");
    assert_int_equal(os_share(temp_path(&f, "empty"), true, &map), 0);
    assert_null(map.p);
    os_unshare(&map);
    temp_remove(&f);
}

static int hold_map(const void *path)
{
    struct shared_map map;
    char sign[300];
    snprintf(sign, sizeof sign, "%s.mapped", (const char *)path);
    if (os_share(path, true, &map) != 0 || os_make(sign, 0, "", 0) != 0)
        return 1;
    pause_us(60000000);
    return 2;
}

/* A state file is resized, or set aside, while other processes keep using the old one. */
static void rename__mapped_by_others__they_keep_theirs(void **state)
{
    struct temp_folder f;
    struct shared_map old, new;
    struct child child;
    char path[200], beside[200];
    (void)state;
    temp_make(&f);
    snprintf(path, sizeof path, "%s", temp_path(&f, "x"));
    snprintf(beside, sizeof beside, "%s", temp_path(&f, "y"));
    assert_int_equal(os_make(path, 5000, "old", 3), 0);
    child_start(&child, hold_map, path, sizeof path);
    for (unsigned i = 0; !temp_has(&f, "x.mapped") && i < 10000; i++)
        pause_us(1000);
    assert_int_equal(os_share(path, true, &old), 0);
    assert_int_equal(os_make(beside, 9000, "new", 3), 0);
    assert_int_equal(os_share(beside, true, &new), 0);
    assert_int_equal(os_rename(beside, path), 0);
    assert_memory_equal(old.p, "old", 3);
    old.p[4999] = 7;
    os_unshare(&new);
    assert_int_equal(os_share(path, true, &new), 0);
    assert_int_equal(new.size, 9000);
    assert_memory_equal(new.p, "new", 3);
    /* Set aside, and another in its place. */
    assert_int_equal(os_rename(path, beside), 0);
    assert_int_equal(os_make(path, 5000, "next", 4), 0);
    assert_memory_equal(new.p, "new", 3);
    os_unshare(&new);
    os_unshare(&old);
    child_kill(&child);
    assert_int_equal(child_wait(&child), CHILD_KILLED);
    temp_remove(&f);
}

struct holding {
    char lock[200], sign[200];
};

static int hold_lock(const void *context)
{
    const struct holding *h = context;
    struct os_lock lock;
    if (os_lock(h->lock, 1000, &lock) != 0 || os_make(h->sign, 0, "", 0) != 0)
        return 1;
    pause_us(60000000);
    return 2;
}

static void lock__held_by_another_process__is_free_once_that_is_killed(void **state)
{
    struct temp_folder f;
    struct holding h;
    struct os_lock lock, second;
    struct child child;
    (void)state;
    temp_make(&f);
    snprintf(h.lock, sizeof h.lock, "%s", temp_path(&f, "lock"));
    snprintf(h.sign, sizeof h.sign, "%s", temp_path(&f, "sign"));
    child_start(&child, hold_lock, &h, sizeof h);
    for (unsigned i = 0; !file_exists(h.sign) && i < 10000; i++)
        pause_us(1000);
    assert_true(file_exists(h.sign));
    int64_t begun = os_ticks_ms();
    assert_int_equal(os_lock(h.lock, 50, &lock), EAGAIN);
    assert_in_range(os_ticks_ms() - begun, 40, 1000);
    assert_int_equal(os_lock(h.lock, 0, &lock), EAGAIN);
    child_kill(&child);
    assert_int_equal(child_wait(&child), CHILD_KILLED);
    assert_int_equal(os_lock(h.lock, 1000, &lock), 0);
    /* It holds against this process itself, and is free again after. */
    assert_int_equal(os_lock(h.lock, 10, &second), EAGAIN);
    os_unlock(&lock);
    assert_int_equal(os_lock(h.lock, 0, &second), 0);
    os_unlock(&second);
    assert_int_equal(os_lock(temp_path(&f, "gone/lock"), 0, &lock), ENOENT);
    temp_remove(&f);
}

static void random__whatever_the_size__never_the_same_twice(void **state)
{
    unsigned char a[256] = {0}, b[256] = {0};
    unsigned seen = 0;
    (void)state;
    assert_int_equal(os_random(a, sizeof a), 0);
    assert_int_equal(os_random(b, sizeof b), 0);
    assert_memory_not_equal(a, b, sizeof a);
    for (unsigned i = 0; i < sizeof a; i++)
        seen += a[i] != 0;
    assert_true(seen > 200);
    memset(a, 7, sizeof a);
    assert_int_equal(os_random(a, 16), 0);
    assert_int_equal(a[16], 7);
    assert_int_equal(os_random(a, 0), 0);
}

struct counting {
    struct os_mutex *mutex;
    unsigned volatile count;
};

static unsigned count_up(void *context)
{
    struct counting *c = context;
    for (unsigned i = 0; i < 20000; i++) {
        os_mutex_lock(c->mutex);
        c->count = c->count + 1;
        os_mutex_unlock(c->mutex);
    }
    return 0;
}

static void mutex__four_threads__one_at_a_time(void **state)
{
    struct counting c = {.mutex = os_mutex_new()};
    struct thread threads[4];
    (void)state;
    assert_non_null(c.mutex);
    for (unsigned i = 0; i < 4; i++)
        thread_start(&threads[i], count_up, &c);
    for (unsigned i = 0; i < 4; i++)
        thread_join(&threads[i]);
    assert_int_equal(c.count, 80000);
    os_mutex_free(c.mutex);
    os_mutex_free(NULL);
}

static void folder_size__counts_up_to_the_last_separator(void **state)
{
    (void)state;
    assert_int_equal(os_folder_size("gatepost.conf"), 0);
    assert_int_equal(os_folder_size("rules/gatepost.conf"), 6);
    assert_int_equal(os_folder_size("/etc/gatepost/gatepost.conf"), 14);
    assert_int_equal(os_folder_size("/gatepost.conf"), 1);
    assert_int_equal(os_folder_size("rules/"), 6);
    assert_int_equal(os_folder_size(""), 0);
}

static int is_another(const void *context)
{
    uint64_t parent;
    memcpy(&parent, context, sizeof parent);
    return os_process() == parent;
}

static void clocks_and_process__are_those_of_the_system(void **state)
{
    (void)state;
    int64_t ticks = os_ticks_ms();
    assert_true(os_clock() > 1000000000);
    assert_true(os_ticks_ms() >= ticks);
    const uint64_t self = os_process();
    struct child child;
    assert_int_equal(os_process(), self);
    child_start(&child, is_another, &self, sizeof self);
    assert_int_equal(child_wait(&child), 0);
    pause_us(30000);
    assert_in_range(os_ticks_ms() - ticks, 10, 60000);
}

static void reason__says_it_in_words__whatever_the_room(void **state)
{
    char out[100], small[5];
    (void)state;
    assert_string_equal(os_reason(ENOENT, out, sizeof out), "No such file or directory");
    assert_ptr_equal(os_reason(ENOENT, small, sizeof small), small);
    assert_int_equal(strlen(small), 4);
    assert_true(strlen(os_reason(99999, out, sizeof out)) > 0);
    assert_true(os_may_pass(ENOMEM) && os_may_pass(EMFILE) && !os_may_pass(ENOENT) && !os_may_pass(EPROTO));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_id__tells_one_state_of_a_file_from_another),
        cmocka_unit_test(map_and_read__give_the_bytes_and_the_identity),
        cmocka_unit_test(map_and_read__what_is_no_file__is_an_error),
        cmocka_unit_test(replace__is_whole_or_not_at_all),
        cmocka_unit_test(replace__under_readers__each_sees_a_whole_file_always),
        cmocka_unit_test(rename_and_remove__one_file_in_the_place_of_another),
        cmocka_unit_test(make__whole_file_of_its_size__never_in_the_place_of_another),
        cmocka_unit_test(share__two_processes__each_sees_what_the_other_stores),
        cmocka_unit_test(share__what_cannot_be__is_an_error),
        cmocka_unit_test(rename__mapped_by_others__they_keep_theirs),
        cmocka_unit_test(lock__held_by_another_process__is_free_once_that_is_killed),
        cmocka_unit_test(random__whatever_the_size__never_the_same_twice),
        cmocka_unit_test(mutex__four_threads__one_at_a_time),
        cmocka_unit_test(folder_size__counts_up_to_the_last_separator),
        cmocka_unit_test(clocks_and_process__are_those_of_the_system),
        cmocka_unit_test(reason__says_it_in_words__whatever_the_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
