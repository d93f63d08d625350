export default function Page() { return <div class="page"><h1>scenarios</h1></div>; }
