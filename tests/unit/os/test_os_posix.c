/* What only a POSIX system has: modes, links, FIFOs, limits, fork, paths that begin with '/'. */
#include "core/os/os.h"
#include "tests/unit/lib/temp_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void file_id__link__is_that_of_the_file(void **state)
{
    struct temp_folder f;
    struct file_id a, b;
    (void)state;
    temp_make(&f);
    temp_text(&f, "x", "two");
    assert_int_equal(symlink(temp_path(&f, "x"), temp_path(&f, "link")), 0);
    assert_int_equal(os_file_id(temp_path(&f, "link"), &a), 0);
    assert_int_equal(os_file_id(temp_path(&f, "x"), &b), 0);
    assert_true(file_id_eq(&a, &b));
    temp_remove(&f);
}

static void map_and_read__fifo__is_an_error_and_never_hangs(void **state)
{
    struct temp_folder f;
    struct file_map map;
    struct file_id id;
    char *bytes;
    size_t n;
    (void)state;
    temp_make(&f);
    assert_int_equal(mkfifo(temp_path(&f, "fifo"), 0600), 0);
    assert_int_equal(os_map(temp_path(&f, "fifo"), false, &map), EINVAL);
    assert_null(map.p);
    assert_int_equal(os_read(temp_path(&f, "fifo"), 10, &bytes, &n, &id), EINVAL);
    temp_remove(&f);
}

static void replace__new_file__has_its_mode_whatever_the_umask(void **state)
{
    struct temp_folder f;
    struct stat st;
    (void)state;
    temp_make(&f);
    const mode_t before = umask(0077);
    assert_int_equal(os_replace(temp_path(&f, "x"), "one", 3), 0);
    umask(before);
    assert_int_equal(stat(temp_path(&f, "x"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    temp_remove(&f);
}

static void replace__no_room__leaves_the_old_file(void **state)
{
    struct temp_folder f;
    struct file_map map;
    static char big[100000];
    char path[200];
    (void)state;
    temp_make(&f);
    snprintf(path, sizeof path, "%s", temp_path(&f, "x"));
    assert_int_equal(os_replace(path, "one", 3), 0);
    /* A limit on file sizes simulates a full disk; it applies to a process of its own. */
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {50000, 50000};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        _exit(os_replace(path, big, sizeof big) == EFBIG ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(os_map(path, false, &map), 0);
    assert_int_equal(map.size, 3);
    os_unmap(&map);
    assert_int_equal(folder_count(f.path, "", NULL, 0), 1);
    temp_remove(&f);
}

/* Bytes that a piece cut in the wrong place would give away. */
static void make_source(const struct temp_folder *f, const char *name, size_t n, unsigned seed,
                        struct file_map *map)
{
    unsigned char *bytes = malloc(n);
    assert_non_null(bytes);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)((i * 31 + seed) % 251);
    temp_put(f, name, bytes, n);
    free(bytes);
    assert_int_equal(os_map(temp_path(f, name), false, map), 0);
}

static void assert_copy_is(const struct temp_folder *f, const struct file_map *from)
{
    struct file_map copy;
    assert_int_equal(os_map(temp_path(f, "copy"), false, &copy), 0);
    assert_int_equal(copy.size, from->size);
    assert_memory_equal(copy.p, from->p, from->size);
    assert_int_equal(copy.id.mtime_ns, from->id.mtime_ns);
    os_unmap(&copy);
    assert_int_equal(folder_count(f->path, "copy", NULL, 0), 1); /* and no part of it */
}

static void copy_on__piece_by_piece__is_whole_at_the_end(void **state)
{
    struct temp_folder f;
    struct file_map from, other;
    char copy[200];
    (void)state;
    temp_make(&f);
    make_source(&f, "from", 1000, 1, &from);
    make_source(&f, "other", 990, 2, &other);
    snprintf(copy, sizeof copy, "%s", temp_path(&f, "copy"));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(os_copy_on(copy, &from, 300), EAGAIN);
        assert_int_equal(access(copy, F_OK), -1);
    }
    assert_int_equal(os_copy_on(copy, &from, 300), 0);
    assert_copy_is(&f, &from);
    /* One of another file takes its place only when it is whole. */
    assert_int_equal(os_copy_on(copy, &other, 500), EAGAIN);
    assert_int_equal(os_copy_on(copy, &other, 490), 0);
    assert_copy_is(&f, &other);
    /* If part of another file is left, the copy begins again. */
    assert_int_equal(os_copy_on(copy, &other, 500), EAGAIN);
    assert_int_equal(os_copy_on(copy, &from, 600), EAGAIN);
    assert_int_equal(os_copy_on(copy, &from, 600), 0);
    assert_copy_is(&f, &from);
    os_unmap(&from);
    os_unmap(&other);
    temp_remove(&f);
}

static void copy_on__killed_while_writing__is_begun_anew(void **state)
{
    struct temp_folder f;
    struct file_map from;
    (void)state;
    temp_make(&f);
    make_source(&f, "from", 1000, 1, &from);
    assert_int_equal(os_copy_on(temp_path(&f, "copy"), &from, 300), EAGAIN);
    /* Something was written, but not by our program. */
    FILE *part = fopen(temp_path(&f, "copy.part"), "ab");
    assert_non_null(part);
    assert_int_equal(fwrite("half a piece", 1, 12, part), 12);
    assert_int_equal(fclose(part), 0);
    assert_int_equal(os_copy_on(temp_path(&f, "copy"), &from, 900), EAGAIN);
    assert_int_equal(os_copy_on(temp_path(&f, "copy"), &from, 900), 0);
    assert_copy_is(&f, &from);
    os_unmap(&from);
    temp_remove(&f);
}

static void copy_on__another_copies__nobody_waits(void **state)
{
    struct temp_folder f;
    struct file_map from;
    (void)state;
    temp_make(&f);
    make_source(&f, "from", 1000, 1, &from);
    assert_int_equal(os_copy_on(temp_path(&f, "copy"), &from, 300), EAGAIN);
    int fd = open(temp_path(&f, "copy.part"), O_RDWR);
    assert_true(fd >= 0 && flock(fd, LOCK_EX) == 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(os_copy_on(temp_path(&f, "copy"), &from, 900), EAGAIN);
    close(fd);
    assert_int_equal(os_copy_on(temp_path(&f, "copy"), &from, 900), 0);
    assert_copy_is(&f, &from);
    os_unmap(&from);
    temp_remove(&f);
}

static void copy_on__a_part_that_is_no_file_of_ours__is_not_written_to(void **state)
{
    struct temp_folder f;
    struct file_map from;
    struct stat st;
    (void)state;
    temp_make(&f);
    make_source(&f, "from", 1000, 1, &from);
    temp_text(&f, "victim", "precious");
    assert_int_equal(symlink(temp_path(&f, "victim"), temp_path(&f, "copy.part")), 0);
    assert_int_equal(os_copy_on(temp_path(&f, "copy"), &from, 300), ELOOP);
    assert_int_equal(unlink(temp_path(&f, "copy.part")), 0);
    assert_int_equal(link(temp_path(&f, "victim"), temp_path(&f, "copy.part")), 0);
    assert_int_equal(os_copy_on(temp_path(&f, "copy"), &from, 300), EINVAL);
    assert_int_equal(stat(temp_path(&f, "victim"), &st), 0);
    assert_int_equal(st.st_size, 8);
    os_unmap(&from);
    temp_remove(&f);
}

static void sweep__remains_of_killed_writers__go(void **state)
{
    static const struct {
        const char *name;
        bool goes;
    } rows[] = {
        {"table.cdb", false},        {"table.cdb.a1B2c3", true},  {"table.cdb.ZZZZZZ", true},
        {"table.cdb.part", false},   {"table.cdb.a1B2c", false},  {"table.cdb.a1B2c34", false},
        {"table.cdb.a1B2c/", false}, {"other.cdb.a1B2c3", false}, {"table.cdbxa1B2c3", false},
        {"table.cdb.a1.2c3", false},
    };
    struct temp_folder f;
    (void)state;
    temp_make(&f);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strchr(rows[i].name, '/'))
            temp_text(&f, rows[i].name, "x");
    os_sweep(temp_path(&f, "table.cdb"), 3600);
    assert_int_equal(folder_count(f.path, "", NULL, 0),
                     sizeof rows / sizeof *rows - 1); /* they may still be written */
    os_sweep(temp_path(&f, "table.cdb"), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strchr(rows[i].name, '/'))
            assert_int_equal(access(temp_path(&f, rows[i].name), F_OK) != 0, rows[i].goes);
    os_sweep(temp_path(&f, "gone/x"), 0);
    temp_remove(&f);
}

/* A user who may write a file can change it while it is being read, and cut it short. */
static void map_ours__a_file_of_others__is_private(void **state)
{
    static const mode_t modes[] = {0660, 0606};
    struct temp_folder f;
    struct file_map map;
    (void)state;
    temp_make(&f);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        temp_text(&f, "x", "as it was");
        assert_int_equal(chmod(temp_path(&f, "x"), modes[i]), 0);
        assert_int_equal(os_map_ours(temp_path(&f, "x"), true, &map), 0);
        assert_false(map.ours);
        FILE *file = fopen(temp_path(&f, "x"), "wb"); /* in place */
        assert_non_null(file);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(map.size, 9);
        assert_memory_equal(map.p, "as it was", 9);
        os_unmap(&map);
        assert_null(map.memory);
    }
    temp_text(&f, "x", "ours");
    assert_int_equal(chmod(temp_path(&f, "x"), 0640), 0);
    assert_int_equal(os_map_ours(temp_path(&f, "x"), false, &map), 0);
    assert_true(map.ours && !map.memory);
    os_unmap(&map);
    if (geteuid() == 0) { /* only root can make a file of another user */
        assert_int_equal(chown(temp_path(&f, "x"), 65534, 65534), 0);
        assert_int_equal(os_map_ours(temp_path(&f, "x"), false, &map), 0);
        assert_true(!map.ours && map.memory && map.size == 4);
        os_unmap(&map);
    }
    temp_text(&f, "x", "");
    assert_int_equal(chmod(temp_path(&f, "x"), 0666), 0);
    assert_int_equal(os_map_ours(temp_path(&f, "x"), false, &map), 0);
    assert_int_equal(map.size, 0);
    os_unmap(&map);
    temp_remove(&f);
}

static void share_and_lock__symbolic_link__is_not_followed(void **state)
{
    struct temp_folder f;
    struct shared_map map;
    struct os_lock lock;
    (void)state;
    temp_make(&f);
    temp_text(&f, "precious", "of somebody else");
    assert_int_equal(symlink("precious", temp_path(&f, "link")), 0);
    assert_int_equal(os_share(temp_path(&f, "link"), true, &map), ELOOP);
    assert_int_equal(os_share(temp_path(&f, "link"), false, &map), ELOOP);
    assert_int_equal(os_lock(temp_path(&f, "link"), 0, &lock), ELOOP);
    temp_remove(&f);
}

static void remove__mapped_by_others__the_name_is_free_at_once(void **state)
{
    struct temp_folder f;
    struct shared_map map;
    (void)state;
    temp_make(&f);
    assert_int_equal(os_make(temp_path(&f, "x"), 5000, "old", 3), 0);
    assert_int_equal(os_share(temp_path(&f, "x"), true, &map), 0);
    assert_int_equal(os_remove(temp_path(&f, "x")), 0);
    assert_false(temp_has(&f, "x"));
    assert_int_equal(os_make(temp_path(&f, "x"), 100, "", 0), 0);
    assert_memory_equal(map.p, "old", 3);
    os_unshare(&map);
    temp_remove(&f);
}

static void absolute__relative_paths__begin_in_the_working_directory(void **state)
{
    struct temp_folder f;
    char here[500], out[1000], small[4];
    (void)state;
    temp_make(&f);
    folder_here(here, sizeof here);
    folder_enter(f.path);
    assert_int_equal(os_absolute("a/b", out, sizeof out), 0);
    folder_enter(here);
    assert_string_equal(out, temp_path(&f, "a/b"));
    assert_int_equal(os_absolute("/a/b", out, sizeof out), 0);
    assert_string_equal(out, "/a/b");
    assert_int_equal(os_absolute("/a/b", small, sizeof small), ENAMETOOLONG);
    temp_remove(&f);
}

static void defaults__are_absolute__and_need_room(void **state)
{
    char out[100], small[5];
    (void)state;
    assert_int_equal(os_default_config(out, sizeof out), 0);
    assert_string_equal(out, "/etc/gatepost/gatepost.conf");
    assert_int_equal(os_default_config(small, sizeof small), ENAMETOOLONG);
    assert_string_equal(os_default_state_dir(), "/var/lib/gatepost");
}

static void process__forked__has_its_own_id(void **state)
{
    (void)state;
    assert_int_equal(os_process(), (uint64_t)getpid());
    pid_t child = fork();
    if (child == 0)
        _exit(os_process() == (uint64_t)getpid() && os_process() != (uint64_t)getppid() ? 0 : 1);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_id__link__is_that_of_the_file),
        cmocka_unit_test(map_and_read__fifo__is_an_error_and_never_hangs),
        cmocka_unit_test(replace__new_file__has_its_mode_whatever_the_umask),
        cmocka_unit_test(replace__no_room__leaves_the_old_file),
        cmocka_unit_test(copy_on__piece_by_piece__is_whole_at_the_end),
        cmocka_unit_test(copy_on__killed_while_writing__is_begun_anew),
        cmocka_unit_test(copy_on__another_copies__nobody_waits),
        cmocka_unit_test(copy_on__a_part_that_is_no_file_of_ours__is_not_written_to),
        cmocka_unit_test(sweep__remains_of_killed_writers__go),
        cmocka_unit_test(map_ours__a_file_of_others__is_private),
        cmocka_unit_test(share_and_lock__symbolic_link__is_not_followed),
        cmocka_unit_test(remove__mapped_by_others__the_name_is_free_at_once),
        cmocka_unit_test(absolute__relative_paths__begin_in_the_working_directory),
        cmocka_unit_test(defaults__are_absolute__and_need_room),
        cmocka_unit_test(process__forked__has_its_own_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
