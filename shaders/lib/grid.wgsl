// Grids above 65,535 workgroups are folded into two dimensions by the backend; this undoes it.

/// Number of this workgroup, counted along x, then y. May exceed the last one: the fold rounds up.
fn workgroupNumber(group: vec3<u32>, groups: vec3<u32>) -> u32 {
  return group.y * groups.x + group.x;
}
