/// The named queries of this folder, embedded in the binary: one `.sql` file each.
public enum Queries {}
