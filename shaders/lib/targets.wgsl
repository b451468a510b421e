// Rows of logits that are to predict a target: the pass that reads them, and what puts the gradient in their place.
// The file that follows declares
//   targets:    array<u32> rows; not below vocab: ignored
//   logits:     array<u32>, read_write
//   chunkStats: array<vec4<u32>> rows x chunks; the row's own statistics in its first chunk once they are merged
//   params:     rows, vocab, base, pitch, ...
//   fn rowCoolness() -> f32, 1 / temperature

fn ignored(row: u32) -> bool {
  return targets[row] >= params.vocab;
}

// Statistics of each chunk at the temperature, as `partials` in lib/softmax.wgsl, but for ignored rows, which are not
// read.
@compute @workgroup_size(WORKGROUP)
fn readRows(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  coolness = rowCoolness();
  let index = workgroupNumber(group, groups);
  if (index >= params.rows * chunksPerRow() || ignored(index / chunksPerRow())) {
    return;
  }
  let mine = readColumns(index / chunksPerRow(), index % chunksPerRow(), lane);
  let whole = foldWorkgroup(lane, mine);
  if (lane == 0u) {
    chunkStats[index] = packed(whole);
  }
}

/// Every logit of a chunk becomes g (onehot - p), or 0; `index` counts the chunks of all rows.
fn writeChunk(index: u32, lane: u32, g: f32, none: bool) {
  let row = index / chunksPerRow();
  let whole = unpacked(chunkStats[row * chunksPerRow()]);
  for (var i = 0u; i < FOURS; i++) {
    let columns = columnsOf(index % chunksPerRow(), lane, i);
    if (columns.x >= params.vocab) {
      break;
    }
    var gradients = vec4<f32>(0.0);
    if (!none) {
      let below = max(keyValues(keysAt(row, columns)) - keyValue(whole.key), vec4<f32>(-1e6));
      let differences = max(below * rowCoolness(), vec4<f32>(-200.0));
      let onehot = select(vec4<f32>(0.0), vec4<f32>(1.0), columns == vec4<u32>(targets[row]));
      gradients = g * (onehot - exp(differences) / whole.sum);
    }
    for (var j = 0u; j < 4u; j++) {
      if (columns[j] < params.vocab) {
        logits[params.base + row * params.pitch + columns[j]] = bitcast<u32>(gradients[j]);
      }
    }
  }
}
