/* What only Windows has: drives, devices, files opened exclusively. */
#include "core/os/win32.h"
#include "tests/unit/lib/temp_folder.h"

#include <errno.h>

#include <windows.h>

static struct temp_folder folder;
static char here[MAX_PATH]; /* the working directory of the program */

static int setup(void **state)
{
    (void)state;
    temp_make(&folder);
    folder_here(here, sizeof here);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_enter(here);
    temp_remove(&folder);
    return 0;
}

static void assert_same_file(const char *a, const char *b)
{
    struct file_id first, second;
    assert_int_equal(os_file_id(a, &first), 0);
    assert_int_equal(os_file_id(b, &second), 0);
    assert_true(file_id_eq(&first, &second));
}

/* Whatever the form: it names the same file from everywhere. */
static void absolute__with_and_without_drive__names_the_same_file(void **state)
{
    char out[600], small[4], wanted[300], back[300], folder_name[120];
    (void)state;
    temp_text(&folder, "x", "one");
    snprintf(wanted, sizeof wanted, "%s", temp_path(&folder, "x"));
    assert_int_equal(wanted[1], ':');
    snprintf(back, sizeof back, "%s", wanted);
    for (char *p = back; *p; p++)
        *p = *p == '/' ? '\\' : *p;
    snprintf(folder_name, sizeof folder_name, "%s", strrchr(folder.path, '/') + 1);
    char beside[200];
    snprintf(beside, sizeof beside, "../%s/x", folder_name);
    const char *const forms[] = {wanted, back, "x", "./x", beside};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        folder_enter(folder.path);
        assert_int_equal(os_absolute(forms[i], out, sizeof out), 0);
        folder_enter(here);
        assert_same_file(out, wanted);
        assert_int_equal(os_absolute(forms[i], small, sizeof small), ENAMETOOLONG);
    }
    assert_int_equal(os_absolute(wanted, out, sizeof out), 0);
    assert_string_equal(out, wanted);
    assert_int_equal(os_absolute("\\\\server\\share\\x", out, sizeof out), 0);
    assert_non_null(strstr(out, "server"));
    assert_true(out[0] == out[1] && out[1] != ':');
}

static void folder_size__drives_and_backslashes__count_too(void **state)
{
    (void)state;
    assert_int_equal(os_folder_size("C:\\mercury\\gatepost.conf"), 11);
    assert_int_equal(os_folder_size("C:gatepost.conf"), 2);
    assert_int_equal(os_folder_size("C:/mercury\\gatepost.conf"), 11);
    assert_int_equal(os_folder_size("\\\\server\\share\\x"), 15);
    assert_int_equal(os_folder_size("rules:1"), 0);
}

static void defaults__beside_the_program(void **state)
{
    char out[MAX_PATH], small[5], program[MAX_PATH], absolute[MAX_PATH];
    (void)state;
    assert_true(GetModuleFileNameA(NULL, program, sizeof program) > 0);
    assert_int_equal(os_absolute(program, absolute, sizeof absolute), 0);
    assert_int_equal(os_default_config(out, sizeof out), 0);
    assert_int_equal(os_folder_size(out), os_folder_size(absolute));
    assert_memory_equal(out, absolute, os_folder_size(out));
    assert_string_equal(out + os_folder_size(out), "gatepost.conf");
    assert_int_equal(os_default_config(small, sizeof small), ENAMETOOLONG);
    assert_string_equal(os_default_state_dir(), ".");
}

static void paths__both_slashes__are_one(void **state)
{
    struct file_map map;
    char back[300];
    (void)state;
    temp_text(&folder, "x", "one");
    snprintf(back, sizeof back, "%s", temp_path(&folder, "x"));
    for (char *p = back; *p; p++)
        *p = *p == '/' ? '\\' : *p;
    assert_same_file(back, temp_path(&folder, "x"));
    assert_int_equal(os_replace(back, "other", 5), 0);
    assert_int_equal(os_map(temp_path(&folder, "x"), false, &map), 0);
    assert_int_equal(map.size, 5);
    os_unmap(&map);
    assert_int_equal(folder_count(folder.path, "", NULL, 0), 1);
}

/* Devices and pipes in the place of a file. */
static void map_and_read__device_or_pipe__is_an_error_and_never_hangs(void **state)
{
    static const char *const names[] = {"NUL", "CON", "\\\\.\\pipe\\gatepost-test"};
    HANDLE pipe =
        CreateNamedPipeA(names[2], PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE | PIPE_WAIT, 4, 100, 100, 0, NULL);
    (void)state;
    assert_ptr_not_equal(pipe, INVALID_HANDLE_VALUE);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct file_map map;
        struct shared_map shared;
        struct file_id id;
        char *bytes;
        size_t n;
        assert_int_not_equal(os_map(names[i], false, &map), 0);
        assert_null(map.p);
        assert_int_not_equal(os_read(names[i], 10, &bytes, &n, &id), 0);
        assert_int_not_equal(os_share(names[i], false, &shared), 0);
        assert_null(shared.p);
    }
    CloseHandle(pipe);
}

/* As README tells people who have no `gatepost table make` at hand: the old file is moved aside, the new one
 * takes its name. */
static void map__file_moved_aside__reader_keeps_it(void **state)
{
    struct file_map map, after;
    char path[300], aside[300];
    (void)state;
    snprintf(path, sizeof path, "%s", temp_path(&folder, "x"));
    snprintf(aside, sizeof aside, "%s", temp_path(&folder, "x.old"));
    temp_text(&folder, "x", "one");
    assert_int_equal(os_map(path, false, &map), 0);
    assert_true(MoveFileExA(path, aside, 0));
    temp_text(&folder, "x", "other");
    assert_memory_equal(map.p, "one", 3);
    assert_int_equal(os_map(path, false, &after), 0);
    assert_memory_equal(after.p, "other", 5);
    os_unmap(&map);
    os_unmap(&after);
}

/* A file that no other program may read, write or delete. */
static void replace__target_kept_by_another_program__fails_and_leaves_it(void **state)
{
    struct file_map map;
    char path[300];
    (void)state;
    snprintf(path, sizeof path, "%s", temp_path(&folder, "x"));
    assert_int_equal(os_replace(path, "one", 3), 0);
    HANDLE keeper = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    assert_ptr_not_equal(keeper, INVALID_HANDLE_VALUE);
    assert_int_not_equal(os_replace(path, "other", 5), 0);
    assert_int_equal(os_map(path, false, &map), EBUSY);
    assert_int_equal(folder_count(folder.path, "", NULL, 0), 1);
    CloseHandle(keeper);
    assert_int_equal(os_map(path, false, &map), 0);
    assert_int_equal(map.size, 3);
    os_unmap(&map);
    assert_int_equal(os_replace(path, "other", 5), 0);
}

/* An editor opens a file for reading and allows or forbids others to delete it; our own opening hinders no
 * program. */
static void map_and_read__done__nothing_is_kept_from_an_editor(void **state)
{
    struct file_id id;
    char *bytes, path[300];
    size_t n;
    (void)state;
    snprintf(path, sizeof path, "%s", temp_path(&folder, "x"));
    temp_text(&folder, "x", "one");
    assert_int_equal(os_read(path, 10, &bytes, &n, &id), 0);
    free(bytes);
    HANDLE editor = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, TRUNCATE_EXISTING, 0, NULL);
    assert_ptr_not_equal(editor, INVALID_HANDLE_VALUE);
    CloseHandle(editor);
}

static void reason__errors_of_files__in_the_words_of_every_system(void **state)
{
    char out[100];
    (void)state;
    assert_string_equal(os_reason(EACCES, out, sizeof out), "Permission denied");
    assert_string_equal(os_reason(EEXIST, out, sizeof out), "File exists");
    assert_string_equal(os_reason(ENOTDIR, out, sizeof out), "Not a directory");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* Reads the file at PATH; returns whether it says WHAT. */
static bool says(const char *path, const char *what)
{
    char *bytes = NULL;
    size_t n = 0;
    struct file_id id;
    bool right = os_read(path, 100, &bytes, &n, &id) == 0 && n == strlen(what) && memcmp(bytes, what, n) == 0;
    free(bytes);
    return right;
}

/* The names that users write: in the code page of the system or in UTF-8, and behind \\?\ with "..", which an include makes. */
static void paths__as_users_write_them__lead_to_the_file(void **state)
{
    char base[300], path[400];
    wchar_t wide[OS_WIN32_PATH];
    (void)state;
    assert_in_range(GetFullPathNameA(folder.path, sizeof base, base, NULL), 1, sizeof base - 1);
    assert_true(os_win32_wide(base, wide));
    wcscat(wide, L"\\M\u00fcller");
    if (!CreateDirectoryW(wide, NULL))
        skip(); /* Wine, where the names of files are ASCII */
    snprintf(path, sizeof path, "%s/M\xc3\xbcller/K\xc3\xb6ln.conf", base);
    assert_int_equal(os_replace(path, "one", 3), 0);
    assert_true(says(path, "one"));
    if (GetACP() == 1252) {
        snprintf(path, sizeof path, "%s/M\xfcller/K\xf6ln.conf", base);
        assert_true(says(path, "one"));
        /* A folder in the one, a name in the other. */
        snprintf(path, sizeof path, "%s/M\xfcller/K\xc3\xb6ln.conf", base);
        assert_true(says(path, "one"));
    }
    snprintf(path, sizeof path, "\\\\?\\%s\\M\xc3\xbcller\\K\xc3\xb6ln.conf", base);
    assert_true(says(path, "one"));
    snprintf(path, sizeof path, "\\\\?\\%s\\none\\..\\M\xc3\xbcller/.//K\xc3\xb6ln.conf", base);
    assert_true(says(path, "one"));
    assert_int_equal(os_remove(path), 0);
}

static void paths__behind_the_prefix__are_resolved(void **state)
{
    static const struct {
        const char *path;
        const wchar_t *wanted;
    } rows[] = {
        {"\\\\?\\C:\\a\\..\\b", L"\\\\?\\C:\\b"},
        {"\\\\?\\C:\\a/b//c", L"\\\\?\\C:\\a\\b\\c"},
        {"\\\\?\\C:\\a\\.\\b", L"\\\\?\\C:\\a\\b"},
        {"\\\\?\\C:\\..\\..\\b", L"\\\\?\\C:\\b"},
        {"\\\\?\\UNC\\server\\share\\a\\..\\b", L"\\\\?\\UNC\\server\\share\\b"},
        {"\\\\server\\share\\a/../b", L"\\\\server\\share\\a/../b"},
        {"C:a", L"C:a"},
        {"", L""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        wchar_t wide[OS_WIN32_PATH];
        assert_true(os_win32_wide(rows[i].path, wide));
        if (wcscmp(wide, rows[i].wanted) != 0)
            fail_msg("%s: %ls", rows[i].path, wide);
    }
    char longest[OS_WIN32_PATH + 10];
    wchar_t wide[OS_WIN32_PATH];
    memset(longest, 'x', sizeof longest);
    longest[OS_WIN32_PATH - 1] = '\0';
    assert_true(os_win32_wide(longest, wide));
    memset(longest, 'x', sizeof longest);
    longest[OS_WIN32_PATH] = '\0';
    assert_false(os_win32_wide(longest, wide));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(absolute__with_and_without_drive__names_the_same_file),
        TEST(folder_size__drives_and_backslashes__count_too),
        TEST(defaults__beside_the_program),
        TEST(paths__both_slashes__are_one),
        TEST(map_and_read__device_or_pipe__is_an_error_and_never_hangs),
        TEST(map__file_moved_aside__reader_keeps_it),
        TEST(replace__target_kept_by_another_program__fails_and_leaves_it),
        TEST(map_and_read__done__nothing_is_kept_from_an_editor),
        TEST(reason__errors_of_files__in_the_words_of_every_system),
        TEST(paths__as_users_write_them__lead_to_the_file),
        TEST(paths__behind_the_prefix__are_resolved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
